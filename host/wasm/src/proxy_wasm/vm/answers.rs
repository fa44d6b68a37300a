//! Answers to what a module has asked for: how its VM is told of them.

use bytes::Bytes;
use model::{CalloutAnswer, CalloutError};

use super::{Vm, size};
use crate::proxy_wasm::grpc::Outcome;
use crate::proxy_wasm::job::StreamPart;
use crate::proxy_wasm::state::{CalloutKind, UnderWay};

impl Vm {
    /// A callout has come to its end.
    pub(super) fn come_back(
        &mut self,
        token: u32,
        answer: Result<CalloutAnswer, CalloutError>,
    ) -> wasmtime::Result<()> {
        let known = self.context().vm.as_mut().and_then(|vm| vm.callouts.remove(&token));
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
                self.call(|exports| &exports.grpc_receive, told)?;
            }
            None => {
                let told = (id, token, status);
                self.call(|exports| &exports.grpc_close, told)?;
            }
        }
        self.hide_grpc();
        Ok(())
    }

    /// Shows it what has come by a stream of gRPC.
    pub(super) fn stream(&mut self, token: u32, part: StreamPart) -> wasmtime::Result<()> {
        let known = self.context().vm.as_mut().and_then(|vm| match part {
            StreamPart::End(_) => vm.callouts.remove(&token).map(|call| call.of),
            _ => vm.callouts.get(&token).map(|call| call.of),
        });
        let Some(id) = known else { return Ok(()) };
        match part {
            StreamPart::Head(answer) => {
                let told = (id, token, size(answer.reply.fields.len() + 1));
                self.show_grpc(id, Outcome::so_far(Some(*answer), None));
                self.call(|exports| &exports.grpc_head, told)?;
            }
            StreamPart::Message(message) => {
                let told = (id, token, size(message.len()));
                self.show_grpc(id, Outcome::so_far(None, Some(message)));
                self.call(|exports| &exports.grpc_receive, told)?;
            }
            StreamPart::End(outcome) => {
                let trailers = outcome.answer.as_ref().map_or(0, |answer| answer.trailers.len());
                let status = outcome.status;
                self.show_grpc(id, *outcome);
                if trailers > 0 {
                    let told = (id, token, size(trailers));
                    self.call(|exports| &exports.grpc_trailers, told)?;
                }
                self.call(|exports| &exports.grpc_close, (id, token, status))?;
            }
        }
        self.hide_grpc();
        Ok(())
    }

    fn show_grpc(&mut self, id: u32, outcome: Outcome) {
        let context = self.context();
        if let Some(vm) = &mut context.vm {
            vm.grpc = Some(outcome);
        }
        context.enter(id);
    }

    fn hide_grpc(&mut self) {
        if let Some(vm) = &mut self.context().vm {
            vm.grpc = None;
        }
    }

    /// Shows it the answer to a callout; without one, there was none.
    fn answer(&mut self, id: u32, token: u32, answer: Option<CalloutAnswer>) -> wasmtime::Result<()> {
        let fields = answer.as_ref().map_or(0, |answer| answer.reply.fields.len() + 1);
        let length = answer.as_ref().map_or(0, |answer| answer.reply.body.len());
        let trailers = answer.as_ref().map_or(0, |answer| answer.trailers.len());
        let context = self.context();
        if let Some(vm) = &mut context.vm {
            vm.answer = answer;
        }
        context.enter(id);
        let told = (id, token, size(fields), size(length), size(trailers));
        self.call(|exports| &exports.answer, told)?;
        if let Some(vm) = &mut self.context().vm {
            vm.answer = None;
        }
        Ok(())
    }
}
