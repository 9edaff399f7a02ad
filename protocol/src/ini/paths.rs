//! Paths the way Python's `os.path` treats them: as text, without a look at the file system.
//!
//! `..` is removed textually, and a path of exactly two leading slashes keeps both. Error messages and the log
//! show these texts, which is why `std::path`, which normalises a little on its own, is not asked.

use std::path::{Path, PathBuf};

use crate::outside;

/// `os.path.join(base, path)`.
pub fn join(base: &str, path: &str) -> String {
    if path.starts_with('/') || base.is_empty() {
        path.to_owned()
    } else if base.ends_with('/') {
        format!("{base}{path}")
    } else {
        format!("{base}/{path}")
    }
}

/// `os.path.dirname`.
pub fn parent(path: &str) -> &str {
    let head = path.rfind('/').and_then(|slash| path.get(..=slash)).unwrap_or_default();
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { head } else { trimmed }
}

/// `os.path.normpath`.
pub fn normal(path: &str) -> String {
    let root = match path.len() - path.trim_start_matches('/').len() {
        0 => "",
        2 => "//",
        _ => "/",
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|&last| last != "..") => {
                parts.pop();
            }
            ".." if !root.is_empty() => {}
            part => parts.push(part),
        }
    }
    match format!("{root}{}", parts.join("/")) {
        path if path.is_empty() => ".".to_owned(),
        path => path,
    }
}

/// `os.path.normpath(os.path.abspath(path))`, with `cwd` as the current directory.
pub fn absolute(cwd: &Path, path: &str) -> PathBuf {
    outside::path(&normal(&join(&outside::text(cwd), path))).into_owned()
}

/// No user or group has a longer name, in bytes. The system is not asked for one: its look-up may end the program that
/// asks (systemd's part of it does, beyond some megabytes).
pub const MAX_ACCOUNT_NAME: usize = 4096;

/// `os.path.expanduser`: a leading `~` or `~name` becomes a home directory, if there is one. The closure
/// knows the homes: that of the user for no name.
pub fn expand_user(path: &str, home: impl FnOnce(Option<&str>) -> Option<String>) -> String {
    let Some(rest) = path.strip_prefix('~') else { return path.to_owned() };
    let (name, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    if name.len() > MAX_ACCOUNT_NAME {
        return path.to_owned();
    }
    let Some(home) = home(Some(name).filter(|name| !name.is_empty())) else { return path.to_owned() };
    match format!("{}{rest}", home.trim_end_matches('/')) {
        path if path.is_empty() => "/".to_owned(),
        path => path,
    }
}

/// Where the configuration file is searched by a program that was called by this path. The first two places are that
/// path's text with its last two parts cut off, so `bin/supervisord` looks in the current directory.
pub fn search_paths(program: &str) -> [String; 6] {
    let prefix = parent(parent(program));
    [
        join(prefix, "etc/supervisord.conf"),
        join(prefix, "supervisord.conf"),
        "supervisord.conf".to_owned(),
        "etc/supervisord.conf".to_owned(),
        "/etc/supervisord.conf".to_owned(),
        "/etc/supervisor/supervisord.conf".to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_search_starts_from_the_programs_path() {
        for (program, first, second) in [
            ("/usr/local/bin/supervisord", "/usr/local/etc/supervisord.conf", "/usr/local/supervisord.conf"),
            ("bin/supervisorctl", "etc/supervisord.conf", "supervisord.conf"),
            ("./supervisord", "etc/supervisord.conf", "supervisord.conf"),
            ("/supervisord", "/etc/supervisord.conf", "/supervisord.conf"),
            ("supervisord", "etc/supervisord.conf", "supervisord.conf"),
            ("a/b/c", "a/etc/supervisord.conf", "a/supervisord.conf"),
        ] {
            let paths = search_paths(program);
            assert_eq!((paths[0].as_str(), paths[1].as_str()), (first, second), "{program}");
        }
    }

    #[test]
    fn texts_as_os_path_treats_them() {
        for (path, expected) in [
            ("", "."),
            ("/", "/"),
            ("//", "//"),
            ("///a//b/", "/a/b"),
            ("//a", "//a"),
            ("a/./b/../c", "a/c"),
            ("../a", "../a"),
            ("a/../..", ".."),
            ("/../a", "/a"),
        ] {
            assert_eq!(normal(path), expected, "{path}");
        }
        for (path, expected) in
            [("", ""), ("a", ""), ("/a", "/"), ("a/b", "a"), ("a//b", "a"), ("//a", "//"), ("a/", "a")]
        {
            assert_eq!(parent(path), expected, "{path}");
        }
        assert_eq!(join("/a", "b"), "/a/b");
        assert_eq!(join("/", "b"), "/b");
        assert_eq!(join("/a", "/b"), "/b");
        assert_eq!(absolute(Path::new("/cwd"), "x/../y"), Path::new("/cwd/y"));
        assert_eq!(absolute(Path::new("/cwd"), ""), Path::new("/cwd"));
    }

    #[test]
    fn homes() {
        let home = |name: Option<&str>| match name {
            None => Some("/home/me".to_owned()),
            Some("www") => Some("/var/www".to_owned()),
            Some("root") => Some("/".to_owned()),
            Some(_) => None,
        };
        for (path, expected) in [
            ("~", "/home/me"),
            ("~/x", "/home/me/x"),
            ("~www/x", "/var/www/x"),
            ("~nobody-here/x", "~nobody-here/x"),
            ("~root", "/"),
            ("a~", "a~"),
            (&format!("~{}/x", "n".repeat(MAX_ACCOUNT_NAME + 1)), &format!("~{}/x", "n".repeat(MAX_ACCOUNT_NAME + 1))),
        ] {
            assert_eq!(expand_user(path, home), expected);
        }
    }
}
