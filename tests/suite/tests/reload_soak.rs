//! Hundreds of reloads cost no request and keep no memory. The whole of it, 10,000 reloads, is `tests/suites/reload-soak`.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::SystemTime;

use sandgate_tests::{Origin, RawClient, Sandgate, Signal, yaml};

const RELOADS: usize = 300;
/// What is built once, and caches that fill, are no growth.
const WARM: usize = 100;
const ROUTES: usize = 200;
/// What a generation of so many routes takes, several times over; a leak of a tenth of each would be more.
const GROWTH_LIMIT_KIB: u64 = 6 << 10;

/// Half of the routes have another name each turn.
fn configuration(turn: usize) -> String {
    let mut text = yaml::forwarding();
    for at in 0..ROUTES {
        let name = if at % 2 == 0 { format!("stays{at}") } else { format!("turn{turn}-{at}") };
        writeln!(text, "  - {{ name: {name}, match: {{ path: {{ prefix: /p{at}/ }} }}, upstream: app }}")
            .unwrap();
    }
    text
}

/// Writes it with the size and the time of before, so that only the signal reloads it, once.
fn write(sandgate: &Sandgate, text: &str, time: SystemTime) {
    // In one piece, without a moment in which the file is empty.
    let mut file = File::options().write(true).open(sandgate.config()).unwrap();
    assert_eq!(file.write(sandgate.filled(text).as_bytes()).unwrap(), sandgate.filled(text).len());
    file.set_modified(time).unwrap();
}

fn resident_kib(sandgate: &Sandgate) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", sandgate.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn hundreds_of_reloads_cost_no_request_and_keep_no_memory() {
    let origin = Origin::replying(200, "hello");
    let texts = [configuration(0), configuration(1)];
    let sandgate = Sandgate::with_config(&texts[0]).origins("app", &[&origin]).start();
    let time = fs::metadata(sandgate.config()).unwrap().modified().unwrap();
    let is_over = AtomicBool::new(false);
    let (web, is_over) = (sandgate.web(), &is_over);
    thread::scope(|scope| {
        let ending = EndsWithScope(is_over);
        let client = scope.spawn(move || {
            let mut client = RawClient::connect(web);
            let mut count = 0;
            while !is_over.load(Ordering::SeqCst) {
                assert_eq!(client.get("/").status(), 200);
                count += 1;
            }
            count
        });
        let mut warm = 0;
        for number in 1..=RELOADS {
            write(&sandgate, &texts[number % 2], time);
            let mark = sandgate.log_mark();
            sandgate.signal(Signal::Hangup);
            sandgate.log_line_after(mark, |line| line.message() == "configuration applied");
            if number == WARM {
                warm = resident_kib(&sandgate);
            }
        }
        drop(ending);
        assert!(client.join().expect("no request was lost") > RELOADS);
        let grown = resident_kib(&sandgate).saturating_sub(warm);
        assert!(grown < GROWTH_LIMIT_KIB, "{grown} KiB more than the {warm} after {WARM} reloads");
    });
}

/// Tells the client to stop, also when the test has failed: the scope waits for it.
struct EndsWithScope<'a>(&'a AtomicBool);

impl Drop for EndsWithScope<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
