//! Flood: a budget of frames that do no work.
//!
//! Each kind of frame may come so often in [`WINDOW`], and more often the more requests and bytes have passed: a client
//! that downloads much may update windows much. The clock is read when a budget is used up, and now and then.
//!
//! What a client costs an origin is the streams it opens and then abandons: reset by itself (CVE-2023-44487), or by an
//! error it makes on purpose (CVE-2025-8671), or refused. They are those opened that were neither answered nor are open.

use std::time::{Duration, Instant};

/// How long a budget is for.
const WINDOW: Duration = Duration::from_secs(10);
/// SETTINGS frames: each has to be acknowledged.
const SETTINGS: u32 = 50;
/// PING frames: each has to be answered. Some clients measure with them while they download.
const PINGS: u32 = 500;
/// Frames without a payload: DATA and CONTINUATION that carry nothing.
const EMPTY: u32 = 100;
/// All else that is cheap: WINDOW_UPDATE, PRIORITY, RST_STREAM, and types unknown.
const CHEAP: u32 = 1000;
/// Cheap frames that a stream entitles to: windows, a priority, a reset.
const CHEAP_A_STREAM: u32 = 4;
/// Streams after which the clock is read.
const LOOK: usize = 256;
/// Bytes of DATA that entitle to another cheap frame, whoever sent them.
const BYTES_A_CHEAP_ONE: u32 = 512;
/// Bytes of DATA that entitle to another PING.
const BYTES_A_PING: u32 = 16 << 10;

/// What a client floods us with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Streams that are opened and abandoned.
    Streams,
    /// SETTINGS frames.
    Settings,
    /// PING frames.
    Ping,
    /// WINDOW_UPDATE frames.
    WindowUpdate,
    /// PRIORITY frames.
    Priority,
    /// RST_STREAM frames.
    Reset,
    /// Frames of types that do not exist.
    Unknown,
    /// DATA without data.
    EmptyData,
    /// CONTINUATION without end.
    Continuation,
    /// What h2 found out by itself: too many small DATA frames, or streams reset.
    Other,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 10] = [
        Kind::Streams,
        Kind::Settings,
        Kind::Ping,
        Kind::WindowUpdate,
        Kind::Priority,
        Kind::Reset,
        Kind::Unknown,
        Kind::EmptyData,
        Kind::Continuation,
        Kind::Other,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Streams => "streams",
            Kind::Settings => "settings",
            Kind::Ping => "ping",
            Kind::WindowUpdate => "window_update",
            Kind::Priority => "priority",
            Kind::Reset => "reset",
            Kind::Unknown => "unknown",
            Kind::EmptyData => "empty_data",
            Kind::Continuation => "continuation",
            Kind::Other => "other",
        }
    }
}

/// What one connection has sent.
#[derive(Debug)]
pub struct Flood {
    frames: Window<Frames>,
    streams: Window<Streams>,
    abandoned_limit: u32,
}

/// What was counted, and since when.
#[derive(Debug)]
struct Window<T> {
    began: Instant,
    counts: T,
}

/// Since the window began.
#[derive(Debug, Default)]
struct Frames {
    settings: u32,
    pings: u32,
    empty: u32,
    window_updates: u32,
    priorities: u32,
    resets: u32,
    unknown: u32,
    opened: u32,
    bytes: u32,
}

/// Since the window began, when those open were as many as were opened.
#[derive(Debug, Default)]
struct Streams {
    opened: usize,
    answered: usize,
    /// How many were opened when the clock was last looked at.
    looked: usize,
}

impl Flood {
    pub(crate) fn new(abandoned_limit: u32) -> Self {
        let began = Instant::now();
        Flood {
            frames: Window { began, counts: Frames::default() },
            streams: Window { began, counts: Streams::default() },
            abandoned_limit,
        }
    }

    /// Counts a frame that does no work by itself.
    pub(crate) fn frame(&mut self, kind: Kind) -> Result<(), Kind> {
        let counts = &mut self.frames.counts;
        let cheap = CHEAP
            .saturating_add(counts.opened.saturating_mul(CHEAP_A_STREAM))
            .saturating_add(counts.bytes / BYTES_A_CHEAP_ONE);
        let (count, limit) = match kind {
            Kind::Settings => (&mut counts.settings, SETTINGS),
            Kind::Ping => (&mut counts.pings, PINGS.saturating_add(counts.bytes / BYTES_A_PING)),
            Kind::EmptyData | Kind::Continuation => (&mut counts.empty, EMPTY),
            Kind::WindowUpdate => (&mut counts.window_updates, cheap),
            Kind::Priority => (&mut counts.priorities, cheap),
            Kind::Reset => (&mut counts.resets, cheap),
            Kind::Unknown | Kind::Streams | Kind::Other => (&mut counts.unknown, cheap),
        };
        *count = count.saturating_add(1);
        if *count <= limit || self.frames.is_over(Frames::default) { Ok(()) } else { Err(kind) }
    }

    /// A stream was opened.
    pub(crate) fn opened(&mut self) {
        self.streams.counts.opened += 1;
        self.frames.counts.opened = self.frames.counts.opened.saturating_add(1);
    }

    /// A stream was answered in full.
    pub fn answered(&mut self) {
        self.streams.counts.answered += 1;
    }

    /// Bytes of DATA passed, either way.
    pub fn passed(&mut self, bytes: usize) {
        let counts = &mut self.frames.counts;
        counts.bytes = counts.bytes.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Whether too many streams were abandoned, while so many are open.
    pub(crate) fn check_streams(&mut self, open: usize) -> Result<(), Kind> {
        let counts = &mut self.streams.counts;
        let abandoned = counts.opened.saturating_sub(counts.answered).saturating_sub(open);
        let limit = (self.abandoned_limit as usize).saturating_add(counts.answered);
        let is_within = abandoned <= limit;
        // What was earned long ago is worth nothing.
        let is_time_to_look = counts.opened - counts.looked >= LOOK;
        if is_time_to_look {
            counts.looked = counts.opened;
        }
        let anew = || Streams { opened: open, ..Streams::default() };
        let is_over = (is_time_to_look || !is_within) && self.streams.is_over(anew);
        if is_within || is_over { Ok(()) } else { Err(Kind::Streams) }
    }
}

impl<T> Window<T> {
    /// Whether it is over; then another one begins.
    fn is_over(&mut self, anew: impl FnOnce() -> T) -> bool {
        let now = Instant::now();
        let is_over = now.duration_since(self.began) >= WINDOW;
        if is_over {
            *self = Window { began: now, counts: anew() };
        }
        is_over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABANDONED: u32 = 10;

    fn frames(flood: &mut Flood, kind: Kind) -> usize {
        (0..20_000).take_while(|_| flood.frame(kind).is_ok()).count()
    }

    #[test]
    fn every_kind_of_frame_has_an_end() {
        for kind in Kind::ALL {
            let passed = frames(&mut Flood::new(ABANDONED), kind);
            assert!(passed <= 1000, "{} {passed}", kind.name());
        }
    }

    #[test]
    fn a_download_entitles_to_window_updates() {
        let mut flood = Flood::new(ABANDONED);
        for _ in 0..100_000 {
            flood.passed(16 << 10);
            assert_eq!(flood.frame(Kind::WindowUpdate), Ok(()));
            assert_eq!(flood.frame(Kind::WindowUpdate), Ok(()));
        }
    }

    #[test]
    fn streams_that_are_open_or_answered_are_not_abandoned() {
        let mut flood = Flood::new(ABANDONED);
        (0..128).for_each(|_| flood.opened());
        assert_eq!(flood.check_streams(128), Ok(()));
        (0..100).for_each(|_| flood.answered());
        assert_eq!(flood.check_streams(28), Ok(()));
    }

    #[test]
    fn streams_that_are_abandoned_have_an_end() {
        let mut flood = Flood::new(ABANDONED);
        for _ in 0..10 {
            flood.opened();
            assert_eq!(flood.check_streams(0), Ok(()));
        }
        flood.opened();
        assert_eq!(flood.check_streams(0), Err(Kind::Streams));
    }

    #[test]
    fn who_is_answered_as_often_may_abandon_for_ever() {
        let mut flood = Flood::new(ABANDONED);
        for _ in 0..10_000 {
            flood.opened();
            flood.opened();
            flood.answered();
            assert_eq!(flood.check_streams(0), Ok(()));
        }
    }
}
