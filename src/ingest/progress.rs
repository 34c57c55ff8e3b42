//! How far a long piece of work is: a bar on a terminal, plain lines elsewhere. On stderr.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Progress of one piece of work, shared by the threads that do it.
pub(super) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
}

impl Progress {
    /// Work of about `total` steps begins.
    pub fn begin(what: &str, total: u64) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let template = "{prefix} [{bar:32}] {percent:>3} % {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(what.to_owned());
        if !is_terminal {
            eprintln!("{what}");
        }
        Self { bar, is_terminal }
    }

    /// Steps were done.
    pub fn advance(&self, steps: u64) {
        self.bar.inc(steps);
    }

    /// A part is done.
    pub fn done(&self, part: &str) {
        if self.is_terminal {
            self.bar.set_message(part.to_owned());
        } else {
            eprintln!("  {part}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
