//! The binary: arguments → configuration → logging → demo data → engine → server → drain.
//!
//! Nothing listens before everything the configuration names has been checked and opened. This runtime serves
//! sockets; plans run on the executor's own.

mod cli;

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser as _;
use lakewire::config::{Config, Sources};
use lakewire::server::{Server, run_until_signalled};
use lakewire::session::Engine;
use lakewire::telemetry::Telemetry;
use lakewire::{Error, Result, ingest};
use mimalloc::MiMalloc;
use tokio::runtime::Runtime;

use cli::{Cli, Command};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// mimalloc's number for how long freed memory is kept for the next allocation, milliseconds.
const PURGE_DELAY: i32 = 15;
/// Long enough for the next batch to reuse it; the default, a second, doubles the memory of a streamed result.
const PURGE_DELAY_MS: i64 = 10;

fn main() -> ExitCode {
    give_memory_back_soon();
    let Cli { command, serve: args } = Cli::parse();
    let done = match command {
        None => serve(&args.sources()),
        Some(Command::Serve(args)) => serve(&args.sources()),
        Some(Command::Check(config)) => return cli::check(config),
        Some(Command::User(args)) => cli::user(&args),
        Some(Command::Generate(args)) => cli::generate(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            cli::complain(&error);
            ExitCode::FAILURE
        }
    }
}

/// The host's memory is shared: what a query no longer uses is not ours to keep.
fn give_memory_back_soon() {
    // SAFETY: it sets one number of the allocator, while this is the only thread.
    #[allow(unsafe_code)]
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, PURGE_DELAY_MS);
    }
}

fn serve(sources: &Sources) -> Result<()> {
    let config = Arc::new(sources.load()?);
    let telemetry = Telemetry::start(&config.log)?;
    if let Some(folder) = config.demo_folder() {
        ingest::demo::generate(&folder, config.demo_scale)?;
    }
    let runtime = Runtime::new().map_err(|e| Error::internal(format!("could not start the socket runtime: {e}")))?;
    runtime.block_on(async {
        let engine = Engine::open(&config).await?;
        let tables = engine.catalog.snapshot().schemas.values().map(|schema| schema.relations.len()).sum();
        let server = Server::bind(Arc::clone(&config), engine).await?;
        cli::say(&cli::ready_line(server.local_addr(), tables, &config.database));
        run_until_signalled(server, || reread(sources, &telemetry)).await
    })
}

/// The configuration as it is now, for a reload; its log filter holds at once.
fn reread(sources: &Sources, telemetry: &Telemetry) -> Result<Config> {
    let config = sources.load()?;
    telemetry.reload(&config.log)?;
    Ok(config)
}
