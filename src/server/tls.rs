//! Certificates: loaded, checked and made ready for handshakes. A bad one is an error that names its file; nothing
//! is served with less security than was asked for.

use std::path::Path;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256, Sha384, Sha512};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::signature_algorithm::SignatureAlgorithm;

use crate::config::TlsConfig;
use crate::error::{Error, Result};
use crate::sqlstate;
use crate::wire::Tls;
use crate::wire::tls::ALPN;

/// Loads what the configuration names.
pub(super) fn load(config: &TlsConfig) -> Result<Tls> {
    let chain = certificates(&config.cert)?;
    let key = PrivateKeyDer::from_pem_file(&config.key).map_err(|e| unusable("private key", &config.key, &e))?;
    let end_point = chain.first().and_then(|certificate| end_point(certificate)).map(Arc::from);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|e| Error::internal(format!("no TLS version is available: {e}")))?;
    let builder = match &config.client_ca {
        Some(path) => builder.with_client_cert_verifier(client_verifier(path, provider)?),
        None => builder.with_no_client_auth(),
    };
    let mut server = builder.with_single_cert(chain, key).map_err(|e| unusable("certificate", &config.cert, &e))?;
    server.alpn_protocols = vec![ALPN.to_vec()];
    Ok(Tls { config: Arc::new(server), end_point })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| unusable("certificate", path, &e))?;
    if chain.is_empty() {
        return Err(unusable("certificate", path, &"the file holds none"));
    }
    Ok(chain)
}

/// Client certificates are asked for and checked when shown; whether one is needed is the method's to say.
fn client_verifier(
    path: &Path,
    provider: Arc<CryptoProvider>,
) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| unusable("client CA", path, &e))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|e| unusable("client CA", path, &e))
}

fn unusable(what: &str, path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::new(sqlstate::CONFIG_FILE_ERROR, format!("could not use {what} file \"{}\": {why}", path.display()))
}

/// The `tls-server-end-point` data of a certificate (RFC 5929 section 4.1): its hash by the hash function of its
/// signature, MD5 and SHA-1 replaced by SHA-256. `None` for signatures without one hash function (Ed25519).
fn end_point(der: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    let algorithm = match SignatureAlgorithm::try_from(&certificate.signature_algorithm).ok()? {
        SignatureAlgorithm::RSASSA_PSS(params) => params.hash_algorithm_oid().to_id_string(),
        _ => certificate.signature_algorithm.algorithm.to_id_string(),
    };
    match algorithm.as_str() {
        // RSA with MD5, SHA-1, SHA-256; ECDSA with SHA-1, SHA-256; PSS with SHA-1, SHA-256.
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2"
        | "1.3.14.3.2.26"
        | "2.16.840.1.101.3.4.2.1" => Some(Sha256::digest(der).to_vec()),
        // The same with SHA-384, then SHA-512.
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" | "2.16.840.1.101.3.4.2.2" => {
            Some(Sha384::digest(der).to_vec())
        }
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" | "2.16.840.1.101.3.4.2.3" => {
            Some(Sha512::digest(der).to_vec())
        }
        _ => None,
    }
}
