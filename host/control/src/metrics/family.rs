//! Family: a metric's name, meaning and unit, and the series under it in the encoder's form.

use std::fmt;
use std::time::Duration;

use model::{DURATION_BOUNDS_US, Histogram};
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeCounterValue, EncodeGaugeValue, EncodeLabelSet, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

/// A metric. The encoder puts the prefix before its name, the unit after it, and `_total` where it is a counter.
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    unit: Option<Unit>,
}

/// What a histogram shows of one series.
pub(super) struct Distribution {
    pub(super) sum: f64,
    /// Upper bounds, each with the number of observations above the bound before it.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl Distribution {
    /// What was counted of durations, in seconds.
    pub(super) fn of(durations: &Histogram) -> Self {
        let bounds = DURATION_BOUNDS_US.iter().map(|bound| Duration::from_micros(*bound).as_secs_f64());
        let buckets = bounds.chain([f64::INFINITY]).zip(durations.classes).collect();
        Distribution { sum: durations.sum.as_secs_f64(), buckets }
    }
}

impl Family {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Family { name, help, unit: None }
    }

    pub(super) const fn in_seconds(name: &'static str, help: &'static str) -> Self {
        Family { name, help, unit: Some(Unit::Seconds) }
    }

    /// A fact, told by its labels.
    pub(super) fn info(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        labels: &impl EncodeLabelSet,
    ) -> fmt::Result {
        self.begin(encoder, MetricType::Info)?.encode_info(labels)
    }

    /// A counter without labels.
    pub(super) fn counter(&self, encoder: &mut DescriptorEncoder<'_>, value: u64) -> fmt::Result {
        count(self.begin(encoder, MetricType::Counter)?, &value)
    }

    /// A counter for each set of labels.
    pub(super) fn counters<L: EncodeLabelSet, V: EncodeCounterValue>(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        series: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let mut metric = self.begin(encoder, MetricType::Counter)?;
        series.into_iter().try_for_each(|(labels, value)| count(metric.encode_family(&labels)?, &value))
    }

    /// A gauge without labels.
    pub(super) fn gauge(&self, encoder: &mut DescriptorEncoder<'_>, value: u64) -> fmt::Result {
        self.begin(encoder, MetricType::Gauge)?.encode_gauge(&value)
    }

    /// A gauge for each set of labels.
    pub(super) fn gauges<L: EncodeLabelSet, V: EncodeGaugeValue>(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        series: impl IntoIterator<Item = (L, V)>,
    ) -> fmt::Result {
        let mut metric = self.begin(encoder, MetricType::Gauge)?;
        series.into_iter().try_for_each(|(labels, value)| metric.encode_family(&labels)?.encode_gauge(&value))
    }

    /// A histogram for each set of labels.
    pub(super) fn histograms<L: EncodeLabelSet>(
        &self,
        encoder: &mut DescriptorEncoder<'_>,
        series: impl IntoIterator<Item = (L, Distribution)>,
    ) -> fmt::Result {
        let mut metric = self.begin(encoder, MetricType::Histogram)?;
        series.into_iter().try_for_each(|(labels, Distribution { sum, buckets })| {
            let count = buckets.iter().map(|(_, count)| count).sum();
            metric.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
        })
    }

    fn begin<'a>(
        &'a self,
        encoder: &'a mut DescriptorEncoder<'_>,
        kind: MetricType,
    ) -> Result<MetricEncoder<'a>, fmt::Error> {
        encoder.encode_descriptor(self.name, self.help, self.unit.as_ref(), kind)
    }
}

fn count(mut metric: MetricEncoder<'_>, value: &impl EncodeCounterValue) -> fmt::Result {
    metric.encode_counter::<NoLabelSet, _, f64>(value, None)
}
