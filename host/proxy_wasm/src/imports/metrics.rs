//! Metrics, which a module defines by name and counts by number. They need the grant `metrics`.

use accounts::{Change, ChangeError, DefinedKind, MetricKind, OwnMetrics};
use sandbox::Context;
use wasmtime::{Caller, Linker};

use super::ENV;
use super::shared::not_granted;
use crate::abi::Status;
use crate::guest_memory::{Done, Module, Span, Stop, VmMemory, span, told};

pub(super) fn add(linker: &mut Linker<Context>) -> wasmtime::Result<()> {
    linker.func_wrap(
        ENV,
        "proxy_define_metric",
        |caller: Caller<'_, Context>, kind: u32, name: u32, length: u32, to: u32| {
            let mut module = Module::calls(caller)?;
            told(define(&mut module, kind, span(name, length), to))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_increment_metric",
        |caller: Caller<'_, Context>, metric: u32, by: i64| {
            let mut module = Module::calls(caller)?;
            told(increment(&mut module, metric, by))
        },
    )?;
    linker.func_wrap(
        ENV,
        "proxy_record_metric",
        |caller: Caller<'_, Context>, metric: u32, value: u64| {
            let mut module = Module::calls(caller)?;
            told(record(&mut module, metric, value))
        },
    )?;
    linker.func_wrap(ENV, "proxy_get_metric", |caller: Caller<'_, Context>, metric: u32, to: u32| {
        let mut module = Module::calls(caller)?;
        told(get(&mut module, metric, to))
    })?;
    Ok(())
}

fn define(module: &mut Module<'_>, kind: u32, name: Span, to: u32) -> Done {
    let kind = match kind {
        0 => DefinedKind::Counter,
        1 => DefinedKind::Gauge,
        2 => DefinedKind::Histogram,
        _ => return Err(Status::BadArgument.into()),
    };
    let (name, context) = module.read(name)?;
    let name = String::from_utf8_lossy(name);
    let Some(own) = &context.plugin.metrics else {
        not_granted(context, "a metric", "metrics: { series: 100 }");
        return Err(Status::InternalFailure.into());
    };
    let number = own.define(&name, kind).ok_or(Status::InternalFailure)?;
    module.write_number(to, u32::try_from(number + 1).map_err(|_| Status::InternalFailure)?)
}

fn increment(module: &mut Module<'_>, metric: u32, by: i64) -> Done {
    let (own, at) = metrics(module, metric)?;
    let change = match own.kind_at(at).ok_or(Status::NotFound)? {
        MetricKind::Counter => Change::Increment(u64::try_from(by).map_err(|_| Status::BadArgument)?),
        #[expect(clippy::cast_precision_loss, reason = "a gauge is a floating-point number")]
        MetricKind::Gauge => Change::Adjust(by as f64),
        MetricKind::Histogram(_) => return Err(Status::BadArgument.into()),
    };
    own.change_at(at, change).map_err(failed)
}

fn record(module: &mut Module<'_>, metric: u32, value: u64) -> Done {
    let (own, at) = metrics(module, metric)?;
    #[expect(clippy::cast_precision_loss, reason = "gauges and histograms are of floating-point numbers")]
    let number = value as f64;
    let change = match own.kind_at(at).ok_or(Status::NotFound)? {
        MetricKind::Counter => Change::Increment(value),
        MetricKind::Gauge => Change::Set(number),
        MetricKind::Histogram(_) => Change::Observe(number),
    };
    own.change_at(at, change).map_err(failed)
}

fn get(module: &mut Module<'_>, metric: u32, to: u32) -> Done {
    let (own, at) = metrics(module, metric)?;
    own.kind_at(at).ok_or(Status::NotFound)?;
    let value = own.value_at(at).ok_or(Status::BadArgument)?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the contract has whole numbers, and a gauge below 0 is told as Envoy tells it"
    )]
    let whole = value as i64 as u64;
    module.write(to, &whole.to_le_bytes())
}

fn metrics(module: &mut Module<'_>, metric: u32) -> Result<(std::sync::Arc<OwnMetrics>, usize), Stop> {
    let own = module.context().plugin.metrics.clone().ok_or(Status::NotFound)?;
    let at = usize::try_from(metric).ok().and_then(|metric| metric.checked_sub(1));
    Ok((own, at.ok_or(Status::NotFound)?))
}

fn failed(error: ChangeError) -> Stop {
    Stop::Status(match error {
        ChangeError::Undeclared => Status::NotFound,
        ChangeError::WrongKind | ChangeError::WrongLabel | ChangeError::InvalidNumber => Status::BadArgument,
    })
}
