//! Object stores: from a URL and options to a client, one client per store.
//!
//! Credentials come from the environment (`AWS_…`, `GOOGLE_…`, `AZURE_…`) unless the table's options say otherwise.
//! Clients are kept in the runtime's registry under names of our own, so that no SQL can reach a bucket by its URL.
//! Every request has a time limit; nothing waits for ever for a store that does not answer.

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::http::HttpBuilder;
use object_store::local::LocalFileSystem;
use object_store::{ClientConfigKey, ClientOptions, ObjectStore, RetryConfig};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::location::Location;
use crate::config::TableConfig;
use crate::error::{Error, Result};
use crate::sqlstate;

/// From the start of a connection to its being open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// One request, body included.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);
/// One request with its retries.
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);

/// Makes and registers the client of every store that tables name.
pub fn register_stores(env: &RuntimeEnv, tables: &[TableConfig]) -> Result<()> {
    for table in tables {
        let location = Location::parse(&table.location)?;
        store(env, &location, &table.options)?;
    }
    Ok(())
}

/// The client of a location's store, made on first use.
pub(super) fn store(
    env: &RuntimeEnv,
    location: &Location,
    options: &[(String, String)],
) -> Result<Arc<dyn ObjectStore>> {
    let Some(url) = &location.remote else { return Ok(Arc::new(LocalFileSystem::new())) };
    let key = key(url, options);
    if let Ok(store) = env.object_store(&key) {
        return Ok(store);
    }
    let store = build(url, options)?;
    env.register_object_store(key.as_ref(), Arc::clone(&store));
    Ok(store)
}

/// The name under which a client is registered: the same for the same store with the same options.
fn key(url: &Url, options: &[(String, String)]) -> ObjectStoreUrl {
    let mut hash = Sha256::new();
    hash.update(url[..url::Position::BeforePath].as_bytes());
    let mut sorted: Vec<_> = options.iter().collect();
    sorted.sort();
    for (name, value) in sorted {
        hash.update([0]);
        hash.update(name.as_bytes());
        hash.update([0]);
        hash.update(value.as_bytes());
    }
    let digest = hash.finalize();
    let (name, _) = digest.split_first_chunk::<16>().expect("a SHA-256 digest has 32 bytes");
    let url = format!("lakewire-store://{:032x}/", u128::from_be_bytes(*name));
    ObjectStoreUrl::parse(url).expect("a scheme and hexadecimal digits make a URL")
}

/// A client for a URL's store.
fn build(url: &Url, options: &[(String, String)]) -> Result<Arc<dyn ObjectStore>> {
    let client = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(REQUEST_TIMEOUT);
    let retry = RetryConfig { max_retries: 3, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
    // Each builder has option names of its own; the client's (allow_http, proxy_url, …) go to all.
    macro_rules! configured {
        ($builder:expr) => {{
            let mut builder = $builder.with_client_options(client).with_retry(retry);
            for (name, value) in options {
                let key = name.parse().map_err(|_| unknown_option(url, name))?;
                builder = builder.with_config(key, value);
            }
            Arc::new(builder.build().map_err(|e| invalid(url, &e))?)
        }};
    }
    let root = &url[..url::Position::BeforePath];
    Ok(match url.scheme() {
        "s3" | "s3a" => configured!(AmazonS3Builder::from_env().with_url(root)),
        "gs" => configured!(GoogleCloudStorageBuilder::from_env().with_url(root)),
        "az" | "azure" | "adl" | "abfs" | "abfss" => configured!(MicrosoftAzureBuilder::from_env().with_url(root)),
        scheme @ ("http" | "https") => {
            let client = client.with_config(ClientConfigKey::AllowHttp, (scheme == "http").to_string());
            let mut builder = HttpBuilder::new().with_url(root).with_client_options(client).with_retry(retry);
            for (name, value) in options {
                builder = builder.with_config(name.parse().map_err(|_| unknown_option(url, name))?, value);
            }
            Arc::new(builder.build().map_err(|e| invalid(url, &e))?)
        }
        scheme => {
            return Err(Error::new(sqlstate::CONFIG_FILE_ERROR, format!("unknown object store scheme \"{scheme}\"")));
        }
    })
}

/// An option that the store's client does not have.
fn unknown_option(url: &Url, name: &str) -> Error {
    let scheme = url.scheme();
    Error::new(sqlstate::CONFIG_FILE_ERROR, format!("object stores of scheme \"{scheme}\" have no option \"{name}\""))
}

/// The builder's own words name keys and not their values.
fn invalid(url: &Url, error: &object_store::Error) -> Error {
    let store = &url[..url::Position::BeforePath];
    Error::new(sqlstate::CONFIG_FILE_ERROR, format!("could not set up the object store \"{store}\": {error}"))
}
