//! Answers to what a module has asked for: how its VM is told of them.

use bytes::Bytes;
use model::{CalloutAnswer, CalloutError};

use super::{Vm, call, size};
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
            Some(UnderWay { of, kind: CalloutKind::Http, .. }) => self.answer(of, token, answer.ok()),
            Some(UnderWay { of, kind: CalloutKind::Grpc, .. }) => self.grpc(of, token, Outcome::of(answer)),
            // Streams are told of part by part.
            Some(UnderWay { kind: CalloutKind::GrpcStream, .. }) | None => Ok(()),
        }
    }

    /// Shows it the answer to a call of gRPC: its message, or why there is none.
    fn grpc(&mut self, id: u32, token: u32, outcome: Outcome) -> wasmtime::Result<()> {
        let (status, message) = (outcome.status, outcome.message.as_ref().map(Bytes::len));
        self.show_grpc(id, outcome);
        match message {
            Some(length) => {
                let told = (id, token, size(length));
                call(&mut self.exports.grpc_receive, &mut self.store, &self.instance, told)?;
            }
            None => {
                let told = (id, token, status);
                call(&mut self.exports.grpc_close, &mut self.store, &self.instance, told)?;
            }
        }
        self.hide_grpc();
        Ok(())
    }

    /// Shows it what has come by a stream of gRPC.
    pub(super) fn stream(&mut self, token: u32, part: StreamPart) -> wasmtime::Result<()> {
        let known = self.context().own.get_mut::<VmState>().and_then(|vm| match part {
            StreamPart::End(_) => vm.callouts.remove(&token).map(|call| call.of),
            _ => vm.callouts.get(&token).map(|call| call.of),
        });
        let Some(id) = known else { return Ok(()) };
        match part {
            StreamPart::Head(answer) => {
                let told = (id, token, size(answer.reply.fields.len() + 1));
                self.show_grpc(id, Outcome::so_far(Some(*answer), None));
                call(&mut self.exports.grpc_head, &mut self.store, &self.instance, told)?;
            }
            StreamPart::Message(message) => {
                let told = (id, token, size(message.len()));
                self.show_grpc(id, Outcome::so_far(None, Some(message)));
                call(&mut self.exports.grpc_receive, &mut self.store, &self.instance, told)?;
            }
            StreamPart::End(outcome) => {
                let trailers = outcome.answer.as_ref().map_or(0, |answer| answer.trailers.len());
                let status = outcome.status;
                self.show_grpc(id, *outcome);
                if trailers > 0 {
                    let told = (id, token, size(trailers));
                    call(&mut self.exports.grpc_trailers, &mut self.store, &self.instance, told)?;
                }
                call(&mut self.exports.grpc_close, &mut self.store, &self.instance, (id, token, status))?;
            }
        }
        self.hide_grpc();
        Ok(())
    }

    fn show_grpc(&mut self, id: u32, outcome: Outcome) {
        let context = self.context();
        if let Some(vm) = context.own.get_mut::<VmState>() {
            vm.grpc = Some(outcome);
        }
        context.enter(id);
    }

    fn hide_grpc(&mut self) {
        if let Some(vm) = self.context().own.get_mut::<VmState>() {
            vm.grpc = None;
        }
    }

    /// Shows it the answer to a callout; without one, there was none.
    fn answer(&mut self, id: u32, token: u32, answer: Option<CalloutAnswer>) -> wasmtime::Result<()> {
        let fields = answer.as_ref().map_or(0, |answer| answer.reply.fields.len() + 1);
        let length = answer.as_ref().map_or(0, |answer| answer.reply.body.len());
        let trailers = answer.as_ref().map_or(0, |answer| answer.trailers.len());
        let context = self.context();
        if let Some(vm) = context.own.get_mut::<VmState>() {
            vm.answer = answer;
        }
        context.enter(id);
        let told = (id, token, size(fields), size(length), size(trailers));
        call(&mut self.exports.answer, &mut self.store, &self.instance, told)?;
        if let Some(vm) = self.context().own.get_mut::<VmState>() {
            vm.answer = None;
        }
        Ok(())
    }
}
