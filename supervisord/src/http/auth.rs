//! HTTP Basic authentication.
//!
//! Only digests are kept and compared, in constant time and both halves always, so that neither the answer's time nor
//! a core dump tells more than the answer. A server without credentials never looks at the header: clients built on
//! Supervisor's own helper send an empty user and password everywhere.
//!
//! Source: Supervisor's `http.py`, `encrypted_dictionary_authorizer`; contracts `ctl_h21`, `ctl_h22`, `ctl_h39`, `ctl_s2`.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use sha1::{Digest, Sha1};
use subtle::{Choice, ConstantTimeEq};

/// A SHA-1 digest. (Its weakness is collisions; here a secret is compared with itself.)
type Sha1Digest = [u8; 20];

/// A user and what their password must hash to.
#[derive(Clone)]
pub struct Credentials {
    user: Sha1Digest,
    /// `None`: nothing matches, because the configured digest is none.
    password: Option<Sha1Digest>,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// What to answer a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Welcome,
    /// 401: no or wrong credentials.
    Unauthorized,
    /// 400: what was sent cannot be decoded.
    Malformed,
}

impl Credentials {
    /// `password` is clear text, or `{SHA}` and the hexadecimal SHA-1 digest of one.
    pub fn new(user: &str, password: &str) -> Credentials {
        let password = match password.strip_prefix("{SHA}") {
            Some(hex) => parse_hex(hex),
            None => Some(digest(password.as_bytes())),
        };
        Credentials { user: digest(user.as_bytes()), password }
    }

    /// Judges an `Authorization` header, e.g. `Basic dXNlcjoxMjM=`.
    pub fn check(&self, header: Option<&[u8]>) -> Verdict {
        let Some(token) = header.and_then(basic_token) else { return Verdict::Unauthorized };
        let Some(decoded) = decode(token).and_then(|bytes| String::from_utf8(bytes).ok()) else {
            return Verdict::Malformed;
        };
        let Some((user, password)) = decoded.split_once(':') else { return Verdict::Malformed };
        // `&` on purpose: both are always compared.
        if bool::from(self.is_user(user) & self.is_password(password)) {
            Verdict::Welcome
        } else {
            Verdict::Unauthorized
        }
    }

    fn is_user(&self, user: &str) -> Choice {
        self.user.ct_eq(&digest(user.as_bytes()))
    }

    fn is_password(&self, password: &str) -> Choice {
        let presented = digest(password.as_bytes());
        self.password.map_or(Choice::from(0), |expected| expected.ct_eq(&presented))
    }
}

fn digest(data: &[u8]) -> Sha1Digest {
    Sha1::digest(data).into()
}

fn parse_hex(text: &str) -> Option<Sha1Digest> {
    let mut digest = Sha1Digest::default();
    if text.len() != 2 * digest.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (index, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(digest)
}

/// The part after `Basic `, the scheme in any case; `None` for another scheme or no value.
fn basic_token(header: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = header.trim_ascii().split_at_checked(5)?;
    let starts_apart = token.first().is_some_and(u8::is_ascii_whitespace);
    (scheme.eq_ignore_ascii_case(b"basic") && starts_apart).then(|| token.trim_ascii())
}

/// Decodes like Python: bytes outside the alphabet are skipped, the padding must be there, what follows it is ignored.
fn decode(token: &[u8]) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurpose = GeneralPurpose::new(
        &alphabet::STANDARD,
        GeneralPurposeConfig::new()
            .with_decode_padding_mode(DecodePaddingMode::RequireNone)
            .with_decode_allow_trailing_bits(true),
    );
    let in_alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let end = token.iter().position(|&byte| byte == b'=').unwrap_or(token.len());
    let (data, padding) = token.split_at(end);
    let data: Vec<u8> = data.iter().copied().filter(in_alphabet).collect();
    let padding = padding.iter().take_while(|byte| !in_alphabet(byte)).filter(|&&byte| byte == b'=').count();
    let is_padded = match data.len() % 4 {
        0 => true,
        1 => false,
        rest => rest + padding >= 4,
    };
    is_padded.then(|| LENIENT.decode(data).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::Verdict::*;
    use super::*;

    fn check(credentials: &Credentials, header: &str) -> Verdict {
        credentials.check(Some(header.as_bytes()))
    }

    #[test]
    fn good_wrong_missing_and_broken() {
        let credentials = Credentials::new("user", "a:b:c");
        for (header, verdict) in [
            ("Basic dXNlcjphOmI6Yw==", Welcome),
            ("bAsIc   dXNlcjphOmI6Yw==", Welcome),
            ("Basic dXNl*cjph\u{e9}OmI6Yw==", Welcome),
            ("Basic dXNlcjphOmI6Yw==dXNl", Welcome),
            ("Basic dXNlcjphOmI=", Unauthorized),
            ("Basic dXNlcjphOmI6Qw==", Unauthorized),
            ("Basic VXNlcjphOmI6Yw==", Unauthorized),
            ("Basic Og==", Unauthorized),
            ("Basic", Unauthorized),
            ("Basic ", Unauthorized),
            ("Digest username=user", Unauthorized),
            ("BasicdXNlcjphOmI6Yw==", Unauthorized),
            ("", Unauthorized),
            ("Basic dXNlcjphOmI6Yw", Malformed),
            ("Basic dXNlcjphOmI6Yw=", Malformed),
            ("Basic d", Malformed),
            ("Basic //79", Malformed),
            ("Basic dXNlcg==", Malformed),
        ] {
            assert_eq!(check(&credentials, header), verdict, "{header}");
        }
        assert_eq!(credentials.check(None), Unauthorized);
        assert_eq!(credentials.check(Some(b"Basic \xff")), Malformed);
    }

    #[test]
    fn a_digest_stands_for_its_password_and_not_for_itself() {
        let hex = "40bd001563085fc35165329ea1ff5c5ecbdbbeef"; // of "123"
        for written in [format!("{{SHA}}{hex}"), format!("{{SHA}}{}", hex.to_uppercase())] {
            let credentials = Credentials::new("user", &written);
            assert_eq!(check(&credentials, "Basic dXNlcjoxMjM="), Welcome);
            let literal = base64::engine::general_purpose::STANDARD.encode(format!("user:{written}"));
            assert_eq!(check(&credentials, &format!("Basic {literal}")), Unauthorized);
        }
        for broken in ["{SHA}", "{SHA}123", "{SHA}+0bd001563085fc35165329ea1ff5c5ecbdbbeef"] {
            assert_eq!(check(&Credentials::new("user", broken), "Basic dXNlcjoxMjM="), Unauthorized);
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        assert_eq!(format!("{:?}", Credentials::new("user", "123")), "Credentials(..)");
    }
}
