//! Answers to what a module has asked for: how its VM is told of them.
//!
//! All are told to the root context, whichever has asked: the SDKs know by the token who that was, and turn to it.

use bytes::Bytes;
use model::{CalloutAnswer, CalloutError};

use super::{Vm, size};
use crate::abi::ROOT;
use crate::grpc::Outcome;
use crate::job::StreamPart;
use crate::state::{Callbacks, VmState};
use crate::state::{CalloutKind, UnderWay};

impl Vm {
    /// A callout has come to its end.
    pub(super) fn come_back(
        &mut self,
        token: u32,
        answer: Result<CalloutAnswer, CalloutError>,
    ) -> wasmtime::Result<()> {
        let known = self.context().own.get_mut::<VmState>().and_then(|vm| vm.callouts.remove(&token));
        match known {
            Some(UnderWay { kind: CalloutKind::Http, .. }) => self.answer(token, answer.ok()),
            Some(UnderWay { kind: CalloutKind::Grpc, .. }) => self.grpc(token, Outcome::of(answer)),
            // Streams are told of part by part.
            Some(UnderWay { kind: CalloutKind::GrpcStream, .. }) | None => Ok(()),
        }
    }

    /// Shows it the answer to a call of gRPC: its message, or why there is none.
    fn grpc(&mut self, token: u32, outcome: Outcome) -> wasmtime::Result<()> {
        let (status, message) = (outcome.status, outcome.message.as_ref().map(Bytes::len));
        self.show_grpc(outcome);
        match message {
            Some(length) => {
                let told = (ROOT, token, size(length));
                self.call(|exports| &exports.grpc_receive, told)?;
            }
            None => {
                let told = (ROOT, token, status);
                self.call(|exports| &exports.grpc_close, told)?;
            }
        }
        self.hide_grpc();
        Ok(())
    }

    /// Shows it what has come by a stream of gRPC.
    pub(super) fn stream(&mut self, token: u32, part: StreamPart) -> wasmtime::Result<()> {
        let is_known = self.context().own.get_mut::<VmState>().is_some_and(|vm| match part {
            StreamPart::End(_) => vm.callouts.remove(&token).is_some(),
            _ => vm.callouts.contains_key(&token),
        });
        if !is_known {
            return Ok(());
        }
        match part {
            StreamPart::Head(answer) => {
                let told = (ROOT, token, size(answer.reply.fields.len() + 1));
                self.show_grpc(Outcome::so_far(Some(*answer), None));
                self.call(|exports| &exports.grpc_head, told)?;
            }
            StreamPart::Message(message) => {
                let told = (ROOT, token, size(message.len()));
                self.show_grpc(Outcome::so_far(None, Some(message)));
                self.call(|exports| &exports.grpc_receive, told)?;
            }
            StreamPart::End(outcome) => {
                let trailers = outcome.answer.as_ref().map_or(0, |answer| answer.trailers.len());
                let status = outcome.status;
                self.show_grpc(*outcome);
                if trailers > 0 {
                    let told = (ROOT, token, size(trailers));
                    self.call(|exports| &exports.grpc_trailers, told)?;
                }
                self.call(|exports| &exports.grpc_close, (ROOT, token, status))?;
            }
        }
        self.hide_grpc();
        Ok(())
    }

    fn show_grpc(&mut self, outcome: Outcome) {
        let context = self.context();
        if let Some(vm) = context.own.get_mut::<VmState>() {
            vm.grpc = Some(outcome);
        }
        context.enter(ROOT);
    }

    fn hide_grpc(&mut self) {
        if let Some(vm) = self.context().own.get_mut::<VmState>() {
            vm.grpc = None;
        }
    }

    /// Shows it the answer to a callout; without one, there was none.
    fn answer(&mut self, token: u32, answer: Option<CalloutAnswer>) -> wasmtime::Result<()> {
        let fields = answer.as_ref().map_or(0, |answer| answer.reply.fields.len() + 1);
        let length = answer.as_ref().map_or(0, |answer| answer.reply.body.len());
        let trailers = answer.as_ref().map_or(0, |answer| answer.trailers.len());
        let context = self.context();
        if let Some(vm) = context.own.get_mut::<VmState>() {
            vm.answer = answer;
        }
        context.enter(ROOT);
        let told = (ROOT, token, size(fields), size(length), size(trailers));
        self.call(|exports| &exports.answer, told)?;
        if let Some(vm) = self.context().own.get_mut::<VmState>() {
            vm.answer = None;
        }
        Ok(())
    }
}
