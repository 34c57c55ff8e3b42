//! A limit on failed attempts per client address and minute.
//!
//! An attempt counts from its start, so that a thousand parallel guesses are not all let in before the first fails;
//! it is given back when it did not fail (also when the client left to ask its user for the password). Memory is
//! bounded by [`MAX_ADDRESSES`].

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

const WINDOW: Duration = Duration::from_mins(1);
/// Addresses remembered; beyond it the one whose window is oldest is forgotten.
const MAX_ADDRESSES: usize = 8192;

/// Failures by address. One per kind of failure, shared by all connections.
#[derive(Debug)]
pub struct FailureLimit {
    per_minute: u32,
    addresses: Mutex<HashMap<IpAddr, Window>>,
}

#[derive(Debug)]
struct Window {
    start: Instant,
    count: u32,
}

/// One attempt, counted until it is dropped without [`Attempt::failed`].
#[derive(Debug)]
pub struct Attempt {
    limit: Arc<FailureLimit>,
    address: IpAddr,
    failed: bool,
}

impl FailureLimit {
    /// A limit of so many failures per minute; 0 stands for no limit.
    #[must_use]
    pub fn new(per_minute: u32) -> Arc<Self> {
        Arc::new(Self { per_minute, addresses: Mutex::default() })
    }

    /// Begins an attempt; `None` when the address has used up its failures.
    #[must_use]
    pub fn begin(self: &Arc<Self>, address: IpAddr) -> Option<Attempt> {
        self.begin_at(address, Instant::now())
    }

    fn begin_at(self: &Arc<Self>, address: IpAddr, now: Instant) -> Option<Attempt> {
        let address = block(address);
        let mut addresses = self.addresses.lock();
        if addresses.len() >= MAX_ADDRESSES && !addresses.contains_key(&address) {
            forget(&mut addresses, now);
        }
        let window = addresses.entry(address).or_insert(Window { start: now, count: 0 });
        if now.saturating_duration_since(window.start) >= WINDOW {
            *window = Window { start: now, count: 0 };
        }
        if self.per_minute != 0 && window.count >= self.per_minute {
            return None;
        }
        window.count += 1;
        Some(Attempt { limit: Arc::clone(self), address, failed: false })
    }
}

impl Attempt {
    /// The proof was wrong: the attempt stays counted.
    pub fn failed(mut self) {
        self.failed = true;
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.failed {
            return;
        }
        let mut addresses = self.limit.addresses.lock();
        if let Some(window) = addresses.get_mut(&self.address) {
            window.count = window.count.saturating_sub(1);
            if window.count == 0 {
                addresses.remove(&self.address);
            }
        }
    }
}

/// The unit an attacker cannot step out of: an IPv4 address, an IPv6 /64.
fn block(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

fn forget(addresses: &mut HashMap<IpAddr, Window>, now: Instant) {
    addresses.retain(|_, window| now.saturating_duration_since(window.start) < WINDOW);
    if addresses.len() < MAX_ADDRESSES {
        return;
    }
    if let Some(oldest) = addresses.iter().min_by_key(|(_, window)| window.start).map(|(address, _)| *address) {
        addresses.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn failures_add_up_and_expire() {
        let limit = FailureLimit::new(3);
        let now = Instant::now();
        for _ in 0..3 {
            limit.begin_at(ip("10.0.0.1"), now).expect("within the limit").failed();
        }
        assert!(limit.begin_at(ip("10.0.0.1"), now).is_none());
        assert!(limit.begin_at(ip("::ffff:10.0.0.1"), now).is_none(), "the same address, written otherwise");
        assert!(limit.begin_at(ip("10.0.0.2"), now).is_some(), "others are not affected");
        assert!(limit.begin_at(ip("10.0.0.1"), now + WINDOW).is_some());
    }

    #[test]
    fn successes_and_departures_do_not_count() {
        let limit = FailureLimit::new(1);
        let now = Instant::now();
        for _ in 0..10 {
            drop(limit.begin_at(ip("10.0.0.1"), now).expect("nothing has failed"));
        }
        let pending = limit.begin_at(ip("10.0.0.1"), now);
        assert!(limit.begin_at(ip("10.0.0.1"), now).is_none(), "attempts under way count");
        drop(pending);
        assert!(limit.addresses.lock().is_empty());
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let limit = FailureLimit::new(1);
        let now = Instant::now();
        limit.begin_at(ip("2001:db8::1"), now).expect("first").failed();
        assert!(limit.begin_at(ip("2001:db8::2"), now).is_none());
        assert!(limit.begin_at(ip("2001:db8:0:1::1"), now).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let limit = FailureLimit::new(1);
        let now = Instant::now();
        for i in 0..10_000_u32 {
            let address = IpAddr::from(std::net::Ipv4Addr::from_bits(i));
            limit.begin_at(address, now + Duration::from_micros(u64::from(i))).expect("first").failed();
        }
        assert_eq!(limit.addresses.lock().len(), MAX_ADDRESSES);
    }

    #[test]
    fn zero_means_no_limit() {
        let limit = FailureLimit::new(0);
        for _ in 0..100 {
            limit.begin(ip("10.0.0.1")).expect("no limit").failed();
        }
    }
}
