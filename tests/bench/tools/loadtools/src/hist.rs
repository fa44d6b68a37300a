//! Log-linear latency histogram: 128 steps per power of two, under 1 % error.

const SUB: u32 = 7;

pub struct Hist {
    counts: Vec<u64>,
    pub total: u64,
    sum: u128,
    pub max: u64,
}

fn index(v: u64) -> usize {
    if v < (1 << SUB) {
        return v as usize;
    }
    let exp = 63 - v.leading_zeros() - SUB;
    (((exp as u64 + 1) << SUB) + ((v >> exp) - (1 << SUB))) as usize
}

fn upper(i: usize) -> u64 {
    let i = i as u64;
    if i < (1 << SUB) {
        return i;
    }
    let exp = (i >> SUB) - 1;
    (((i & ((1 << SUB) - 1)) + (1 << SUB) + 1) << exp) - 1
}

impl Default for Hist {
    fn default() -> Self {
        Hist { counts: vec![0; index(u64::MAX >> 4) + 1], total: 0, sum: 0, max: 0 }
    }
}

impl Hist {
    pub fn add(&mut self, v: u64) {
        self.counts[index(v)] += 1;
        self.total += 1;
        self.sum += v as u128;
        self.max = self.max.max(v);
    }
    pub fn mean(&self) -> f64 {
        if self.total == 0 { 0.0 } else { self.sum as f64 / self.total as f64 }
    }
    pub fn quantile(&self, q: f64) -> u64 {
        let want = (q * self.total as f64).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (i, c) in self.counts.iter().enumerate() {
            seen += c;
            if seen >= want {
                return upper(i).min(self.max);
            }
        }
        self.max
    }
}
