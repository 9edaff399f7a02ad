//! The encrypted connection of an https probe.
//!
//! By default the server's certificate is not looked at, as in the original: the question is whether the
//! server answers, and the answer is on the same machine more often than not. With `--verify` it must be
//! valid, for this name, under an authority that the system trusts. The name is sent either way (SNI), and
//! TLS is 1.2 or 1.3. Refused knowledge: HTTP, and what a failure means.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme, StreamOwned};

/// What all connections have in common.
#[derive(Debug, Clone)]
pub(crate) struct Tls(Arc<ClientConfig>);

/// Why no connection could ever be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// `--verify` on a system without authorities.
    #[error("no trusted certificates found on this system")]
    NoRoots,
    /// The library refuses its own settings.
    #[error(transparent)]
    Config(#[from] rustls::Error),
}

impl Tls {
    /// Connections whose servers must prove who they are, or need not.
    ///
    /// # Errors
    /// They must, and the system trusts nobody.
    pub(crate) fn new(verify: bool) -> Result<Tls, TlsError> {
        if !verify {
            return Tls::with(|provider| Ok(Arc::new(Unchecked(provider))));
        }
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Tls::trusting(roots)
    }

    fn trusting(roots: RootCertStore) -> Result<Tls, TlsError> {
        if roots.is_empty() {
            return Err(TlsError::NoRoots);
        }
        Tls::with(|provider| {
            let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
            verifier.build().map(|verifier| verifier as _).map_err(|_| TlsError::NoRoots)
        })
    }

    fn with(
        verifier: impl FnOnce(Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>, TlsError>,
    ) -> Result<Tls, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verifier = verifier(Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Tls(Arc::new(config)))
    }

    /// Makes the handshake on a connected socket, whose time limits apply.
    ///
    /// # Errors
    /// Those of the socket, and `InvalidData` for everything TLS itself complains about.
    pub(crate) fn connect(&self, host: &str, mut socket: TcpStream) -> io::Result<TlsStream> {
        let invalid = |error: &dyn ToString| io::Error::new(ErrorKind::InvalidData, error.to_string());
        let name = ServerName::try_from(host.to_owned()).map_err(|error| invalid(&error))?;
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name).map_err(|error| invalid(&error))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut socket)?;
        }
        Ok(TlsStream(StreamOwned::new(connection, socket)))
    }
}

/// An encrypted connection. A server that closes without a farewell has closed, and that is all.
#[derive(Debug)]
pub(crate) struct TlsStream(StreamOwned<ClientConnection, TcpStream>);

impl Read for TlsStream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(0),
            outcome => outcome,
        }
    }
}

impl Write for TlsStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Takes every certificate. Signatures need no check either: they would prove the key of a stranger.
#[derive(Debug)]
struct Unchecked(Arc<CryptoProvider>);

impl ServerCertVerifier for Unchecked {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;
    use rustls::{ServerConfig, ServerConnection};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    fn certificate() -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(include_bytes!("../../../sdk/testdata/localhost.crt")).unwrap()
    }

    /// A server with a self-signed certificate for `localhost`, for one connection. It reads one request, writes
    /// `answer`, and closes without a farewell. Its port, and the name it was asked for.
    pub(crate) fn serve(answer: &'static [u8]) -> (u16, JoinHandle<Option<String>>) {
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../../sdk/testdata/localhost.key")).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = thread::spawn(move || {
            let (socket, _) = listener.accept().unwrap();
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::new(config)).unwrap(), socket);
            // A client that does not like the certificate leaves in the middle of this.
            let count = stream.read(&mut [0; 4096]).unwrap_or(0);
            if count > 0 {
                stream.write_all(answer).unwrap();
            }
            stream.conn.server_name().map(str::to_owned)
        });
        (port, server)
    }

    fn connect(tls: &Tls, host: &str) -> (io::Result<Vec<u8>>, Option<String>) {
        let (port, server) = serve(b"hello");
        let outcome = tls.connect(host, TcpStream::connect(("127.0.0.1", port)).unwrap()).and_then(|mut stream| {
            stream.write_all(b"hi")?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer)?;
            Ok(answer)
        });
        (outcome, server.join().unwrap())
    }

    #[test]
    fn any_certificate_will_do_and_the_name_is_sent() {
        let tls = Tls::new(false).unwrap();
        let (outcome, name) = connect(&tls, "localhost");
        assert_eq!((outcome.unwrap().as_slice(), name.as_deref()), (&b"hello"[..], Some("localhost")));
        let (outcome, name) = connect(&tls, "127.0.0.1");
        assert_eq!((outcome.unwrap().as_slice(), name), (&b"hello"[..], None));
    }

    #[test]
    fn verified_certificates_are_of_the_name_and_trusted() {
        let mut roots = RootCertStore::empty();
        roots.add(certificate()).unwrap();
        let tls = Tls::trusting(roots).unwrap();
        assert_eq!(connect(&tls, "localhost").0.unwrap(), b"hello");
        let error = connect(&tls, "other.example").0.unwrap_err();
        assert!(error.to_string().starts_with("invalid peer certificate: certificate not valid for name"), "{error}");

        let stranger = CertificateDer::from_pem_slice(include_bytes!("../testdata/stranger.crt")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(stranger).unwrap();
        let error = connect(&Tls::trusting(roots).unwrap(), "localhost").0.unwrap_err();
        assert_eq!(error.to_string(), "invalid peer certificate: UnknownIssuer");
        assert!(matches!(Tls::trusting(RootCertStore::empty()), Err(TlsError::NoRoots)));
    }
}
