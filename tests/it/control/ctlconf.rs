//! Series C: options of supervisorctl and where it finds its configuration.

use supervisor_tests::run::run;
use supervisor_tests::{Ran, Setup};

/// supervisorctl with exactly these arguments.
fn plain(setup: &Setup, args: &[&str]) -> Ran {
    let mut command = setup.command("supervisorctl");
    command.args(args.iter().map(|arg| setup.fill(arg)));
    run(command, "", &setup.path(""))
}

/// The message of a refused call.
#[track_caller]
fn refused(setup: &Setup, args: &[&str], message: &str) {
    let ran = plain(setup, args);
    let program = setup.subject.program("supervisorctl");
    let text = format!("Error: {message}\nFor help, use {} -h\n", program.display());
    assert_eq!((ran.code, ran.out.as_str(), ran.err), (2, "", setup.fill(&text)));
}

#[test]
fn ctl_c01_options() {
    let setup = Setup::new();
    refused(&setup, &["-x"], "option -x not recognized");
    refused(&setup, &["--foo"], "option --foo not recognized");
    refused(&setup, &["-c"], "option -c requires argument");
    refused(&setup, &["--serv"], "option --serverurl requires argument");
    refused(&setup, &["--h"], "option --h not a unique prefix");
    refused(&setup, &["--help=1"], "option --help must not have an argument");
    refused(&setup, &["-s", "http://a", "-s", "http://b"], "conflicting command line option '-s'");
    refused(&setup, &["-s", "foo"], "invalid value for -s 'foo': value 'foo' is not a URL");
    let url = format!("http://127.0.0.1:{}", setup.fill("{port}"));
    for option in [vec!["-s", &url], vec!["--serverurl", &url], vec!["--serverurl=URL"], vec!["--ser", &url]] {
        let option: Vec<String> = option.iter().map(|word| word.replace("URL", &url)).collect();
        let mut args: Vec<&str> = option.iter().map(String::as_str).collect();
        args.push("pid");
        assert_eq!(plain(&setup, &args).out, format!("{url} refused connection\n"));
    }
}

#[test]
fn ctl_c02_usage() {
    let setup = Setup::new();
    let text = format!(
        "supervisorctl -- control applications run by supervisord from the cmd line.\n\nUsage: {} [options] [action \
         [arguments]]\n\nOptions:\n-c/--configuration FILENAME -- configuration file path (searches if not given)\n",
        setup.subject.program("supervisorctl").display()
    );
    for option in ["-h", "-?", "--help"] {
        let ran = plain(&setup, &[option]);
        assert!(ran.out.starts_with(&text) && ran.out.ends_with("available\nactions.\n\n"), "{}", ran.out);
        assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    }
}

#[test]
fn ctl_c03_configuration_files() {
    let setup = Setup::new().write("x.conf", "[supervisord]\n");
    refused(&setup, &["-c", "missing.conf", "pid"], "could not find config file missing.conf");
    refused(&setup, &["-c", "x.conf", "pid"], ".ini file does not include supervisorctl section");
    let setup = setup.write("etc/supervisord.conf", "[supervisorctl]\nserverurl=unix://{dir}/etc.sock");
    assert_eq!(plain(&setup, &["pid"]).out, setup.fill("unix://{dir}/etc.sock no such file\n"));
    let setup = setup.write("supervisord.conf", "[supervisorctl]\nserverurl=unix://{dir}/cwd.sock");
    assert_eq!(plain(&setup, &["pid"]).out, setup.fill("unix://{dir}/cwd.sock no such file\n"));
}

#[test]
fn ctl_c04_server_addresses() {
    let url = |url: &str| {
        let setup = Setup::new().env("NAME", "env").write("x.conf", &format!("[supervisorctl]\nserverurl={url}\n"));
        plain(&setup, &["-c", "x.conf", "pid"]).out.replace(&setup.path("").display().to_string(), "{dir}/")
    };
    assert_eq!(url("unix://%(here)s/%(ENV_NAME)s.sock"), "unix://{dir}/env.sock no such file\n");
    assert_eq!(url("unix://relative.sock"), "unix://{dir}/relative.sock no such file\n");
    assert_eq!(url("unix://~/home.sock"), "unix://{dir}/home.sock no such file\n");
    let setup = Setup::new().write("x.conf", "[supervisorctl]\nserverurl=unix:///file.sock\n");
    let ran = plain(&setup, &["-c", "x.conf", "-s", "unix:///given.sock", "pid"]);
    assert_eq!(ran.out, "unix:///given.sock no such file\n");
}

#[test]
fn ctl_c30_an_address_of_the_command_line_is_verbatim() {
    let setup = Setup::new();
    for url in ["unix://rel", "unix://~/home.sock"] {
        assert_eq!(plain(&setup, &["-s", url, "pid"]).out, format!("{url} no such file\n"));
    }
}
