use super::*;

const QUOTA: u64 = 10_000;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A store, and the moment at which all begins.
fn store() -> (KeyValue, Instant) {
    (KeyValue::default(), Instant::now())
}

fn set(store: &KeyValue, key: &str, value: &[u8], ttl: Option<u64>, now: Instant) -> Result<u64, SetError> {
    store.set(key, value, ttl.map(seconds), Wanted::Anything, QUOTA, now)
}

fn value(store: &KeyValue, key: &str, now: Instant) -> Option<Vec<u8>> {
    store.get(key, now).map(|held| held.value.to_vec())
}

#[test]
fn a_value_is_there_until_its_end() {
    let (store, now) = store();
    set(&store, "short", b"1", Some(10), now).unwrap();
    set(&store, "long", b"2", None, now).unwrap();
    assert_eq!(value(&store, "short", now + seconds(9)), Some(b"1".to_vec()));
    assert_eq!(value(&store, "short", now + seconds(10)), None);
    assert_eq!(value(&store, "long", now + seconds(1_000_000)), Some(b"2".to_vec()));
    set(&store, "forever", b"3", Some(u64::MAX), now).unwrap();
    assert!(store.get("forever", now + seconds(1_000_000)).is_some(), "no end that could be told");
}

#[test]
fn setting_again_replaces_value_and_end() {
    let (store, now) = store();
    set(&store, "a", b"1", Some(1), now).unwrap();
    set(&store, "a", b"2", None, now).unwrap();
    assert_eq!(value(&store, "a", now + seconds(5)), Some(b"2".to_vec()));
    assert!(store.remove("a", now) && !store.remove("a", now));
    assert_eq!(store.usage(), Usage { bytes: 0, keys: 0 });
}

#[test]
fn compare_and_set_wants_what_is_there() {
    let (store, now) = store();
    let try_set = |wanted| store.set("a", b"x", Some(seconds(10)), wanted, QUOTA, now);
    assert_eq!(try_set(Wanted::Version(1)), Err(SetError::Conflict));
    let first = try_set(Wanted::Nothing).unwrap();
    assert_eq!(try_set(Wanted::Nothing), Err(SetError::Conflict));
    let second = try_set(Wanted::Version(first)).unwrap();
    assert_eq!(try_set(Wanted::Version(first)), Err(SetError::Conflict));
    assert_eq!(store.get("a", now).unwrap().version, second);
    let over = now + seconds(10);
    assert_eq!(store.set("a", b"x", None, Wanted::Version(second), QUOTA, over), Err(SetError::Conflict));
    assert!(store.set("a", b"x", None, Wanted::Nothing, QUOTA, over).is_ok(), "what is over is not there");
    assert_eq!(store.usage().keys, 1);
}

#[test]
fn threads_that_compare_and_set_lose_nothing() {
    let (store, now) = store();
    set(&store, "n", b"0", None, now).unwrap();
    let increment = || loop {
        let held = store.get("n", now).unwrap();
        let number: u32 = std::str::from_utf8(&held.value).unwrap().parse().unwrap();
        let next = (number + 1).to_string();
        if store.set("n", next.as_bytes(), None, Wanted::Version(held.version), QUOTA, now).is_ok() {
            return;
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| increment()));
        }
    });
    assert_eq!(value(&store, "n", now), Some(b"800".to_vec()));
}

#[test]
fn the_quota_holds_and_what_is_over_makes_room() {
    let (store, now) = store();
    let big = vec![0; 4000];
    set(&store, "a", &big, Some(1), now).unwrap();
    set(&store, "b", &big, Some(1), now).unwrap();
    assert_eq!(set(&store, "c", &big, None, now), Err(SetError::Quota));
    assert!(set(&store, "b", &big, Some(1), now).is_ok(), "one in the place of another of its size");
    assert_eq!(set(&store, "b", &[0; 8000], None, now), Err(SetError::Quota));
    assert_eq!(value(&store, "b", now), Some(big.clone()), "what was refused changed nothing");
    assert!(set(&store, "c", &big, None, now + seconds(1)).is_ok());
    assert!(store.usage().bytes <= QUOTA);
    assert_eq!(value(&store, "c", now + seconds(1)), Some(big));
}

#[test]
fn many_small_values_are_held_to_the_quota_too() {
    let (store, now) = store();
    let kept = (0..10_000).filter(|key| set(&store, &key.to_string(), b"", None, now).is_ok()).count();
    assert!(kept < 80, "{kept}: an entry counts what it takes");
    assert!(store.usage().bytes <= QUOTA);
}

#[test]
fn what_is_no_key_or_too_long_is_refused() {
    let (store, now) = store();
    assert_eq!(set(&store, "", b"", None, now), Err(SetError::Invalid));
    assert_eq!(set(&store, &"k".repeat(KEY_LIMIT + 1), b"", None, now), Err(SetError::Invalid));
    let long = vec![0; VALUE_LIMIT + 1];
    assert_eq!(store.set("a", &long, None, Wanted::Anything, u64::MAX, now), Err(SetError::Invalid));
}

#[test]
fn keys_come_in_pages() {
    let (store, now) = store();
    for number in 0..50 {
        set(&store, &format!("k{number:02}"), b"", Some(10), now).unwrap();
    }
    set(&store, "other", b"", None, now).unwrap();
    let page =
        |after, now| store.keys("k", after, 20, now).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(page(None, now), (0..20).map(|n| format!("k{n:02}")).collect::<Vec<_>>());
    assert_eq!(page(Some("k39"), now), (40..50).map(|n| format!("k{n:02}")).collect::<Vec<_>>());
    assert_eq!(page(None, now + seconds(10)), [""; 0]);
    assert_eq!(store.usage().keys, 1, "and what is over is out");
}
