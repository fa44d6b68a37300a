//! A filter of proxy-wasm that does what the request's header `x-do` says, and tells of it in headers.
//!
//! It counts requests in a metric and in shared data where its configuration says so, and is configured by text: the first
//! word is put into `x-configured`, and `no` is refused.

#![allow(missing_docs, reason = "the macro of the SDK writes a function without")]

use std::time::Duration;

use proxy_wasm::hostcalls;
use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, GrpcStatusCode, LogLevel, MetricType};

proxy_wasm::main! {{
    proxy_wasm::set_log_level(LogLevel::Info);
    proxy_wasm::set_root_context(|_| -> Box<dyn RootContext> { Box::<Root>::default() });
}}

#[derive(Default)]
struct Root {
    configuration: String,
    ticks: u32,
    queue: Option<u32>,
}

impl Context for Root {}

impl RootContext for Root {
    fn on_vm_start(&mut self, _size: usize) -> bool {
        let said = self.get_vm_configuration().unwrap_or_default();
        log::info!("vm starts with {:?}", String::from_utf8_lossy(&said));
        true
    }

    fn on_configure(&mut self, _size: usize) -> bool {
        let text = self.get_plugin_configuration().unwrap_or_default();
        self.configuration = String::from_utf8_lossy(&text).into_owned();
        if self.configuration.contains("tick") {
            self.set_tick_period(Duration::from_millis(20));
        }
        if self.configuration.contains("queue") {
            self.queue = Some(self.register_shared_queue("jobs"));
        }
        if self.configuration.starts_with("no") {
            log::error!("this is no configuration");
            return false;
        }
        true
    }

    fn on_tick(&mut self) {
        self.ticks += 1;
        self.set_shared_data("ticks", Some(self.ticks.to_string().as_bytes()), None).ok();
        let waiting = self.get_shared_data("waiting").0.unwrap_or_default();
        let Some(id) = String::from_utf8(waiting).ok().and_then(|id| id.parse().ok()) else { return };
        self.set_shared_data("waiting", Some(b""), None).ok();
        if hostcalls::set_effective_context(id).is_ok() {
            hostcalls::set_map_value(
                proxy_wasm::types::MapType::HttpRequestHeaders,
                "x-woken",
                Some("by tick"),
            )
            .ok();
            hostcalls::resume_http_request().ok();
        }
    }

    fn on_queue_ready(&mut self, queue: u32) {
        while let Ok(Some(job)) = self.dequeue_shared_queue(queue) {
            // All of them, in their order.
            let mut done = self.get_shared_data("done").0.filter(|done| !done.is_empty()).unwrap_or_default();
            if !done.is_empty() {
                done.push(b',');
            }
            done.extend(job);
            self.set_shared_data("done", Some(&done), None).ok();
        }
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }

    fn create_http_context(&self, id: u32) -> Option<Box<dyn HttpContext>> {
        let configuration = self.configuration.clone();
        Some(Box::new(Probe {
            id,
            configuration,
            wish: Vec::new(),
            queue: self.queue,
            parts: 0,
            heard: Vec::new(),
        }))
    }
}

struct Probe {
    id: u32,
    configuration: String,
    /// The words of `x-do`.
    wish: Vec<String>,
    queue: Option<u32>,
    /// How many parts of the request's body it has seen.
    parts: u32,
    /// What came by a stream of gRPC.
    heard: Vec<String>,
}

impl Context for Probe {
    fn on_http_call_response(&mut self, _token: u32, fields: usize, size: usize, _trailers: usize) {
        let status = self.get_http_call_response_header(":status").unwrap_or("none".to_owned());
        let body = self.get_http_call_response_body(0, size).unwrap_or_default();
        let body = String::from_utf8_lossy(&body).into_owned();
        if fields > 0 && status != "200" {
            self.send_http_response(403, vec![("x-asked", &status)], Some(body.as_bytes()));
            return;
        }
        self.set_http_request_header("x-answer", Some(&format!("{status} {body}")));
        self.resume_http_request();
    }

    fn on_grpc_call_response(&mut self, _token: u32, status: u32, size: usize) {
        let (_, text) = self.get_grpc_status();
        let message = self.get_grpc_call_response_body(0, size).unwrap_or_default();
        let trailer = self.get_grpc_stream_trailing_metadata_value("x-sum").unwrap_or_default();
        let head = self.get_grpc_stream_initial_metadata_value(":status").unwrap_or_default();
        let [message, trailer, head] =
            [message, trailer, head].map(|bytes| String::from_utf8(bytes).unwrap());
        let told = format!("{status} [{}] [{message}] [{trailer}] {head}", text.unwrap_or_default());
        self.set_http_request_header("x-answer", Some(&told));
        self.resume_http_request();
    }

    fn on_grpc_stream_initial_metadata(&mut self, _token: u32, fields: u32) {
        let status = self.get_grpc_stream_initial_metadata_value(":status").unwrap_or_default();
        self.heard.push(format!("head {} {}", fields > 0, String::from_utf8(status).unwrap()));
    }

    fn on_grpc_stream_message(&mut self, token: u32, size: usize) {
        let message = self.get_grpc_stream_message(0, size).unwrap_or_default();
        let message = String::from_utf8(message).unwrap();
        if message == "heard one" {
            self.send_grpc_stream_message(token, Some(b"two"), true);
        }
        self.heard.push(message);
    }

    fn on_grpc_stream_trailing_metadata(&mut self, _token: u32, _count: u32) {
        let sum = self.get_grpc_stream_trailing_metadata_value("x-sum").unwrap_or_default();
        self.heard.push(format!("sum {}", String::from_utf8(sum).unwrap()));
    }

    fn on_grpc_stream_close(&mut self, _token: u32, status: u32) {
        let (_, text) = self.get_grpc_status();
        self.heard.push(format!("closed {status} {}", text.unwrap_or_default()));
        self.set_http_request_header("x-answer", Some(&self.heard.join(", ")));
        self.resume_http_request();
    }

    fn on_done(&mut self) -> bool {
        if self.says("log") {
            log::info!("done");
        }
        true
    }
}

impl HttpContext for Probe {
    fn on_http_request_headers(&mut self, fields: usize, end_of_stream: bool) -> Action {
        let wish = self.get_http_request_header("x-do").unwrap_or_default();
        self.wish = wish.split_whitespace().map(str::to_owned).collect();
        self.set_http_request_header("x-fields", Some(&fields.to_string()));
        self.set_http_request_header("x-ends", Some(&end_of_stream.to_string()));
        self.count();
        let words: Vec<&str> = self.wish.iter().map(String::as_str).collect();
        if let Some(action) = self.speak_grpc(&words) {
            return action;
        }
        match words.as_slice() {
            ["reply", status] => {
                let status = status.parse().unwrap_or(200);
                self.send_http_response(status, vec![("x-from", "probe")], Some(b"no further"));
                return Action::Pause;
            }
            ["reply-grpc"] => {
                let own: Vec<(&str, &[u8])> = vec![("x-from", b"probe")];
                self.send_grpc_response(GrpcStatusCode::Aborted, Some("not now, 100%"), own);
                return Action::Pause;
            }
            ["pairs"] => self.rewrite_all(),
            ["path", path] => self.set_http_request_header(":path", Some(path)),
            ["ask", upstream] => {
                let head = vec![(":method", "GET"), (":path", "/ask"), (":authority", "auth.example")];
                let sent = self.dispatch_http_call(upstream, head, None, vec![], Duration::from_secs(5));
                let Err(status) = sent else { return Action::Pause };
                self.set_http_request_header("x-answer", Some(&format!("{status:?}")));
            }
            ["forever"] => return Action::Pause,
            ["tick"] => {
                self.set_shared_data("waiting", Some(self.id.to_string().as_bytes()), None).ok();
                return Action::Pause;
            }
            ["enqueue", text] => {
                let queue = self.resolve_shared_queue("", "jobs");
                let put = self.enqueue_shared_queue(queue.unwrap_or(0), Some(text.as_bytes()));
                self.set_http_request_header("x-put", Some(&format!("{put:?}")));
            }
            ["send", vm_id, text] => {
                let queue = self.resolve_shared_queue(vm_id, "jobs");
                let put = self.enqueue_shared_queue(queue.unwrap_or(0), Some(text.as_bytes()));
                self.set_http_request_header("x-put", Some(&format!("{put:?}")));
            }
            ["trap"] => panic!("as it was told"),
            ["spin"] => loop {
                std::hint::black_box(0);
            },
            ["foreign"] => {
                let answer = hostcalls::call_foreign_function("anything", None);
                self.set_http_request_header("x-foreign", Some(&format!("{answer:?}")));
            }
            ["property", path] => {
                let value = self.get_property(path.split('.').collect());
                let value = value.map(|value| String::from_utf8_lossy(&value).into_owned());
                self.set_http_request_header("x-property", Some(&format!("{value:?}")));
            }
            ["mark"] => self.set_http_request_header("content-length", None),
            ["set-property"] => {
                self.set_property(vec!["mine"], Some(b"kept"));
            }
            _ => {}
        }
        Action::Continue
    }

    fn on_http_request_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        self.parts += 1;
        if self.says("upper") && end_of_stream {
            let body = self.get_http_request_body(0, size).unwrap_or_default();
            self.set_http_request_body(0, size, &body.to_ascii_uppercase());
            self.set_http_request_header("content-length", None);
        }
        let words: Vec<&str> = self.wish.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["mark"] if size > 0 => self.set_http_request_body(0, 0, b"["),
            ["gather"] if !end_of_stream => return Action::Pause,
            ["gather"] => {
                let body = self.get_http_request_body(0, size).unwrap_or_default();
                let told = format!("{} {}", self.parts, String::from_utf8_lossy(&body));
                self.set_http_request_body(0, size, told.as_bytes());
                self.set_http_request_header("content-length", None);
            }
            ["lengthen-late"] if self.parts == 2 => self.set_http_request_body(0, 0, b"["),
            ["hold", upstream] if self.parts == 1 => {
                let head = vec![(":method", "GET"), (":path", "/hold"), (":authority", "auth.example")];
                self.dispatch_http_call(upstream, head, None, vec![], Duration::from_secs(5)).ok();
                return Action::Pause;
            }
            ["deny"] => {
                self.send_http_response(403, vec![], Some(b"not this"));
                return Action::Pause;
            }
            ["deny-late"] if self.parts == 2 => {
                self.send_http_response(403, vec![], Some(b"no more of this"));
                return Action::Pause;
            }
            ["trap-in-body"] if self.parts == 2 => panic!("as it was told"),
            _ => {}
        }
        Action::Continue
    }

    fn on_http_request_trailers(&mut self, count: usize) -> Action {
        self.set_http_request_trailer("x-count", Some(&count.to_string()));
        Action::Continue
    }

    fn on_http_response_trailers(&mut self, _count: usize) -> Action {
        let sum = self.get_http_response_trailer("x-sum").unwrap_or_default();
        self.set_http_response_trailer("x-sum", Some(&format!("{sum} seen")));
        Action::Continue
    }

    fn on_http_response_headers(&mut self, _fields: usize, end_of_stream: bool) -> Action {
        let configured = self.configuration.split_whitespace().next().unwrap_or_default().to_owned();
        self.set_http_response_header("x-configured", Some(&configured));
        self.set_http_response_header("x-response-ends", Some(&end_of_stream.to_string()));
        if self.says("mark-response") || self.says("gather-response") {
            self.set_http_response_header("content-length", None);
        }
        if self.says("set-property") {
            let mine = self.get_property(vec!["mine"]).unwrap_or_default();
            self.set_http_response_header("x-mine", Some(&String::from_utf8_lossy(&mine)));
        }
        if let ["shared", key] = self.wish.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            let value = self.get_shared_data(key).0.unwrap_or_default();
            self.set_http_response_header("x-shared", Some(&String::from_utf8_lossy(&value)));
        }
        if self.says("teapot") {
            self.set_http_response_header(":status", Some("418"));
        }
        if self.says("trap-late") {
            panic!("as it was told");
        }
        Action::Continue
    }

    fn on_http_response_body(&mut self, size: usize, end_of_stream: bool) -> Action {
        if self.says("wrap") {
            self.set_http_response_body(0, 0, b"<");
            self.set_http_response_body(size + 1, 0, b">");
        }
        if self.says("mark-response") && size > 0 {
            self.set_http_response_body(0, 0, b"[");
        }
        if self.says("gather-response") {
            if !end_of_stream {
                return Action::Pause;
            }
            let body = self.get_http_response_body(0, size).unwrap_or_default();
            self.set_http_response_body(0, size, &body.to_ascii_uppercase());
        }
        Action::Continue
    }

    fn on_log(&mut self) {
        if self.says("log") {
            let status = self.get_http_response_header(":status").unwrap_or_default();
            log::info!("log of a response with {status}");
        }
    }
}

/// How long what it asks may take.
const PATIENCE: Duration = Duration::from_secs(5);

impl Probe {
    /// What is wished for of a service that speaks gRPC.
    fn speak_grpc(&self, words: &[&str]) -> Option<Action> {
        match words {
            // By the upstream's name, and by what Envoy names it with.
            ["call", upstream] => return Some(self.call(upstream)),
            ["call-proto", upstream] => {
                let length = upstream.len() as u8;
                return Some(self.call(&format!("\n{}\n{}{upstream}", (length + 2) as char, length as char)));
            }
            ["call-cancel", upstream] => {
                let token =
                    self.dispatch_grpc_call(upstream, "a.Slow", "Do", vec![], None, PATIENCE).unwrap();
                self.cancel_grpc_call(token);
                let again = hostcalls::cancel_grpc_call(token);
                self.set_http_request_header("x-answer", Some(&format!("{again:?}")));
            }
            ["talk", upstream] => {
                let Ok(token) = self.open_grpc_stream(upstream, "test.Auth", "Talk", vec![]) else {
                    return Some(Action::Continue);
                };
                self.send_grpc_stream_message(token, Some(b"one"), false);
                return Some(Action::Pause);
            }
            ["talk-cancel", upstream] => {
                let token = self.open_grpc_stream(upstream, "test.Auth", "Talk", vec![]).unwrap();
                self.send_grpc_stream_message(token, Some(b"one"), false);
                self.close_grpc_stream(token);
                self.cancel_grpc_stream(token);
                let again = hostcalls::cancel_grpc_stream(token);
                self.set_http_request_header("x-answer", Some(&format!("{again:?}")));
            }
            _ => return None,
        }
        Some(Action::Continue)
    }

    /// Asks a service by gRPC.
    fn call(&self, upstream: &str) -> Action {
        let metadata: Vec<(&str, &[u8])> = vec![("x-meta", b"one"), ("grpc-timeout", b"1H")];
        let sent = self.dispatch_grpc_call(upstream, "test.Auth", "Check", metadata, Some(b"who"), PATIENCE);
        let Err(status) = sent else { return Action::Pause };
        self.set_http_request_header("x-answer", Some(&format!("{status:?}")));
        Action::Continue
    }

    fn says(&self, word: &str) -> bool {
        self.wish.iter().any(|said| said == word)
    }

    /// Counts in all ways there are, if it is to.
    fn count(&mut self) {
        let _ = self.queue;
        if !self.configuration.contains("count") {
            return;
        }
        if let Ok(metric) = hostcalls::define_metric(MetricType::Counter, "probe.requests") {
            hostcalls::increment_metric(metric, 1).ok();
        }
        let (before, cas) = self.get_shared_data("requests");
        let before = before.and_then(|before| String::from_utf8(before).ok()?.parse::<u64>().ok());
        let now = before.unwrap_or(0) + 1;
        self.set_shared_data("requests", Some(now.to_string().as_bytes()), cas).ok();
    }

    /// Takes all headers out and puts them in again, one of them changed.
    fn rewrite_all(&self) {
        let pairs = self.get_http_request_headers();
        let mut pairs: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        pairs.retain(|(name, _)| *name != "x-drop");
        pairs.push(("x-pairs", "all"));
        self.set_http_request_headers(pairs);
    }
}
