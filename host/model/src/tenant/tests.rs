use super::*;

fn tenant(quotas: Quotas, before: Option<&Tenant>) -> Arc<Tenant> {
    Arc::new(Tenant::new("acme".into(), NonZeroU32::MIN, quotas, before))
}

fn refused(tenant: &Tenant, quota: Quota) -> u64 {
    tenant.used().refused.into_iter().find(|(own, _)| *own == quota).unwrap().1
}

#[test]
fn as_many_are_inside_as_may_be_and_who_was_refused_takes_no_place() {
    let tenant = tenant(Quotas { concurrency: Some(2), ..Quotas::default() }, None);
    let (first, second, third) = (tenant.enter(), tenant.enter(), tenant.enter());
    assert!(first.1.is_ok() && second.1.is_ok());
    let fault = third.1.unwrap_err();
    assert_eq!((fault.kind, fault.retry_after_secs.map(u16::from)), (FaultKind::TenantConcurrency, Some(1)));
    assert_eq!(refused(&tenant, Quota::Concurrency), 1);
    drop(third.0);
    assert_eq!(tenant.used().exchanges, 2);
    drop(first.0);
    assert!(tenant.enter().1.is_ok());
}

#[test]
fn cpu_time_that_was_used_is_missing() {
    let tenant = tenant(Quotas { cpu: Some(Duration::from_millis(50)), ..Quotas::default() }, None);
    tenant.computed(Duration::from_millis(40));
    assert!(tenant.may_compute().is_ok());
    tenant.computed(Duration::from_millis(160));
    let fault = tenant.may_compute().unwrap_err();
    assert_eq!((fault.kind, fault.retry_after_secs.map(u16::from)), (FaultKind::TenantCpu, Some(3)));
    assert_eq!((refused(&tenant, Quota::Cpu), tenant.used().cpu), (1, Duration::from_millis(200)));
}

#[test]
fn guests_give_back_what_they_had() {
    let quotas = Quotas { guests: Some(2), memory: Some(100), ..Quotas::default() };
    let tenant = tenant(quotas, None);
    let (mut one, mut two) = (tenant.lodge(1).unwrap(), tenant.lodge(1).unwrap());
    assert_eq!(tenant.lodge(1).unwrap_err(), PluginFault::TenantGuests);
    assert!(one.take_memory(60) && !two.take_memory(41) && two.take_memory(40));
    assert_eq!((tenant.used().guests, tenant.used().memory), (2, 100));
    assert_eq!((refused(&tenant, Quota::Guests), refused(&tenant, Quota::Memory)), (1, 1));
    drop(one);
    assert_eq!((tenant.used().guests, tenant.used().memory), (1, 40));
    assert!(two.take_memory(60));
}

#[test]
fn rates_are_held() {
    let quotas = Quotas { callouts: Some(2), log: Some(10), ..Quotas::default() };
    let tenant = tenant(quotas, None);
    assert!(tenant.may_call_out() && tenant.may_call_out());
    assert!(!tenant.may_call_out());
    assert!(tenant.may_log(1000), "all that can be was left");
    assert!(!tenant.may_log(1));
    assert_eq!((refused(&tenant, Quota::Callouts), refused(&tenant, Quota::Log)), (1, 1));
}

#[test]
fn without_quotas_nothing_is_refused() {
    let tenant = tenant(Quotas::default(), None);
    tenant.computed(Duration::from_secs(1000));
    assert!(
        tenant.may_compute().is_ok()
            && tenant.enter().1.is_ok()
            && tenant.may_call_out()
            && tenant.may_log(1 << 30)
    );
    assert!(tenant.lodge(1).unwrap().take_memory(1 << 40));
}

#[test]
fn the_account_outlives_a_change_of_quotas() {
    let before = tenant(Quotas::default(), None);
    let visit = before.enter();
    let after = tenant(Quotas { concurrency: Some(1), ..Quotas::default() }, Some(&before));
    assert!(*after != *before);
    assert!(after.enter().1.is_err(), "the one that began before counts");
    drop(visit);
    assert!(after.enter().1.is_ok());
    let same = tenant(*after.quotas(), Some(&after));
    assert!(*same == *after);
    assert!(*same != *tenant(*after.quotas(), None), "another account");
}
