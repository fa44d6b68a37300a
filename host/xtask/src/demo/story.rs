//! What the demo tells: what to try, what comes back, and what to change next.

use super::probe::Answer;
use super::{ADMIN, EXAMPLE, WEB};
use crate::say::{say, step};

/// Tells it, with what really came back.
pub(super) fn tell(answer: &Answer) {
    let Answer { status_line, served_by, body } = answer;
    step("\nSandgate is ready. In another terminal:");
    say(format_args!("\n  curl -i http://127.0.0.1:{WEB}/hello\n"));
    say("answers what it just answered here:\n");
    say(format_args!("  {status_line}\n  x-served-by: {served_by}\n\n  {body}\n"));
    say(
        "and the origin is told more than you said; this one answers with what it got, x-seen-agent included:\n",
    );
    say(format_args!("  curl http://127.0.0.1:{WEB}/echo"));
    step("\nNow change the filter while it runs:");
    say(format_args!("\n  1. in examples-wasm/{EXAMPLE}/rust/src/lib.rs write \"me\" for \"{served_by}\""));
    say(format_args!("  2. cargo xtask guests {EXAMPLE}"));
    say("  3. the same curl: `x-served-by: me`, with no connection lost\n");
    say(format_args!(
        "Metrics: curl http://127.0.0.1:{ADMIN}/metrics. The access log is on standard output."
    ));
    say("Ctrl-C ends it.\n");
}
