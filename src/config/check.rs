//! What must hold beyond a value's own form: files exist, methods have what they need, nothing is exposed by accident.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::AuthMethod;
use super::document::Value;
use super::value::Meant;

/// Which parts of TLS were asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tls {
    /// The server's certificate.
    pub server: bool,
    /// Roots for clients' certificates.
    pub client_ca: bool,
}

/// Least memory that can run anything, bytes.
const MIN_MEMORY_BYTES: usize = 16 << 20;

/// A file that can be read.
pub(super) fn readable(path: PathBuf) -> Meant<PathBuf> {
    match File::open(&path).and_then(|file| file.metadata()) {
        Ok(metadata) if metadata.is_file() => Ok(path),
        Ok(_) => Err(format!("\"{}\" is not a file", path.display())),
        Err(e) => Err(format!("could not open \"{}\": {e}", path.display())),
    }
}

/// A folder that can be read.
pub(super) fn folder(path: PathBuf) -> Meant<PathBuf> {
    match fs::read_dir(&path) {
        Ok(_) => Ok(path),
        Err(e) => Err(format!("could not read the folder \"{}\": {e}", path.display())),
    }
}

/// A table's location: a URL, or a path or glob under which something is.
pub(super) fn location(location: String) -> Meant<String> {
    if location.is_empty() {
        return Err("expected a path, glob or URL, not an empty string".to_owned());
    }
    if let Some((scheme, _)) = location.split_once("://")
        && scheme != "file"
    {
        const SCHEMES: [&str; 11] = ["s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss", "http", "https", "file"];
        if SCHEMES.contains(&scheme) {
            return Ok(location);
        }
        return Err(format!("unknown scheme \"{scheme}\"; expected one of {}", SCHEMES.join(", ")));
    }
    let path = location.strip_prefix("file://").unwrap_or(&location);
    if Path::new(path).exists() {
        return Ok(location);
    }
    match glob::glob(path) {
        Err(e) => Err(format!("not a valid path or glob: {}", e.msg)),
        Ok(mut matches) => {
            let found = matches.any(|path| path.is_ok());
            if found { Ok(location) } else { Err(format!("nothing matches \"{location}\"")) }
        }
    }
}

/// A method whose means were asked for.
pub(super) fn method(method: AuthMethod, tls: Tls) -> Meant<AuthMethod> {
    match method {
        AuthMethod::Password if !tls.server => Err("\"password\" sends passwords in clear and needs [tls]".to_owned()),
        AuthMethod::Certificate if !tls.client_ca => Err("\"cert\" needs tls.client_ca".to_owned()),
        fit => Ok(fit),
    }
}

/// What listening there would expose, if anything.
pub(super) fn exposure(listen: SocketAddr, tls: Tls, remote: AuthMethod) -> Option<String> {
    let missing = match (tls.server, remote == AuthMethod::Trust) {
        (true, false) => return None,
        (false, false) => "without TLS, so anyone on the way can read and alter what is sent",
        (true, true) => "without authentication, so anyone who reaches it can read every table",
        (false, true) => "without TLS and authentication, so anyone who reaches it can read every table",
    };
    (!listen.ip().is_loopback()).then(|| {
        format!(
            "server.listen: {listen} is not a loopback address, and would be served {missing}; \
             configure [tls] and auth.remote, or accept it with server.allow_insecure = true"
        )
    })
}

/// An amount of memory that can run something.
pub(super) fn memory(bytes: usize, written: &Value) -> Meant<usize> {
    if bytes < MIN_MEMORY_BYTES {
        return Err(format!("expected at least {} MB, not {written}", MIN_MEMORY_BYTES >> 20));
    }
    Ok(bytes)
}

/// A log filter.
pub(super) fn filter(filter: String) -> Meant<String> {
    match tracing_subscriber::EnvFilter::try_new(&filter) {
        Ok(_) => Ok(filter),
        Err(e) => Err(format!("not a log filter such as \"info\" or \"lakewire=debug\": {e}")),
    }
}
