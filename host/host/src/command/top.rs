//! `sandgate top`: what plugins cost, as it changes. It reads the admin address of a running Sandgate, and nothing else.

mod reading;
mod scrape;
mod table;

use std::io::IsTerminal;
use std::time::Duration;

use crate::arguments::Top;
use crate::exit::{Failure, print};
use reading::Reading;

/// What puts a terminal's cursor to the upper left corner.
const HOME: &str = "\x1b[H";
/// What removes the rest of a line, and of the screen.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

/// Shows the table once, or until it is interrupted.
pub(crate) fn top(arguments: &Top) -> Result<(), Failure> {
    let mut before = read(arguments)?;
    if arguments.once {
        pause(arguments.interval);
        let after = read(arguments)?;
        return print(&table::of(&before, &after, arguments.by, usize::MAX));
    }
    if !std::io::stdout().is_terminal() {
        let message = "standard output is no terminal; `sandgate top --once` prints one table";
        return Err(Failure::Usage(message.to_owned()));
    }
    loop {
        pause(arguments.interval);
        // It may be restarted while somebody looks at it.
        let text = match read(arguments) {
            Ok(after) => {
                let text = table::of(&before, &after, arguments.by, arguments.rows);
                before = after;
                text
            }
            Err(Failure::Other(message)) => message + "\n",
            Err(failure) => return Err(failure),
        };
        print(&screen(&text))?;
    }
}

fn read(arguments: &Top) -> Result<Reading, Failure> {
    let address = &arguments.address;
    let text = scrape::metrics(address).map_err(|why| {
        Failure::Other(format!(
            "no metrics from {address}: {why}; expected the address of `admin` in the configuration of a Sandgate that runs"
        ))
    })?;
    Ok(Reading::of(&text, arguments.by))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that is looked at has to pass; nothing else is to be done"
)]
fn pause(interval: Duration) {
    std::thread::sleep(interval);
}

/// A text in place of the one that is shown.
fn screen(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("{line}{CLEAR_LINE}\n")).collect();
    format!("{HOME}{lines}{CLEAR_BELOW}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screen_leaves_nothing_of_the_one_before() {
        assert_eq!(screen("a\nb\n"), "\x1b[Ha\x1b[K\nb\x1b[K\n\x1b[J");
    }
}
