//! TLS as the wire needs it: the handshake, and what it tells about the client.
//!
//! Certificates are loaded by the server room; a [`Tls`] is replaced whole on reload and connections keep theirs.

use std::io;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::socket::Secured;

/// The protocol's name in ALPN; a direct TLS connection must offer it.
pub const ALPN: &[u8] = b"postgresql";

/// A loaded certificate, ready for handshakes.
#[derive(Clone)]
pub struct Tls {
    /// The handshake's parameters; its ALPN list holds [`ALPN`].
    pub config: Arc<ServerConfig>,
    /// `tls-server-end-point` data of the certificate (RFC 5929); `None` where its algorithm defines none.
    pub end_point: Option<Arc<[u8]>>,
}

impl Tls {
    /// Puts a stream under TLS. With `direct`, no SSLRequest came first and ALPN is obligatory.
    pub(super) async fn accept(&self, stream: TcpStream, direct: bool) -> io::Result<Secured> {
        let stream = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).await?;
        let connection = stream.get_ref().1;
        if direct && connection.alpn_protocol() != Some(ALPN) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "direct TLS connection without ALPN protocol negotiation extension",
            ));
        }
        let certificate = connection.peer_certificates().and_then(|chain| chain.first());
        let client_name = certificate.and_then(|certificate| common_name(certificate.as_ref()));
        Ok(Secured { stream, end_point: self.end_point.as_ref().map(Arc::clone), client_name })
    }
}

/// The common name of a certificate (DER). A subject with several has none: which one is meant would be a guess.
fn common_name(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let mut names = certificate.subject().iter_common_name();
    let name = names.next()?.as_str().ok()?.to_owned();
    // A NUL inside is the old trick to be taken for another.
    (names.next().is_none() && !name.contains('\0')).then_some(name)
}
