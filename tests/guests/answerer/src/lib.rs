//! A component of `wasi:http` that does what the path of a request says, after the programs by which wasmtime tests its own
//! server: it answers, streams, asks others, and breaks each rule that there is.

mod deeds;
mod io;
mod relay;

use wasip2::exports::http::incoming_handler::Guest;
use wasip2::http::types::{ErrorCode, IncomingRequest, Method, ResponseOutparam};

struct Answerer;

impl Guest for Answerer {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let target = request.path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        match path {
            "/" => deeds::say(out, 200, b"answered"),
            "/facts" => deeds::facts(&request, out),
            "/echo" => deeds::echo(&request, out),
            "/count" => deeds::count(&request, out),
            "/begin" => deeds::begin_at_once(&request, out),
            "/trailers" => deeds::trailers(out),
            "/ask" => deeds::ask(out, query, &Method::Get, &[]),
            "/tell" => deeds::ask(out, query, &Method::Post, &[b'x'; 100]),
            "/ask-much" => deeds::ask(out, query, &Method::Post, &[b'x'; 100_000]),
            "/ask-often" => deeds::ask_often(out, query),
            "/relay" => relay::relay(&request, out, query),
            "/stop-half" => relay::stop_half(out, query),
            "/trap-half" => relay::trap_half(query),
            "/leave-half" => relay::leave_half(out, query),
            "/forbidden" => deeds::forbidden(out),
            "/status" => deeds::say(out, query.parse().unwrap_or(200), b"as asked"),
            "/long" => deeds::of_length(out, "3", b"longer"),
            "/short" => deeds::of_length(out, "30", b"shorter"),
            "/exit" => {
                wasip2::cli::exit::exit(if query == "0" { Ok(()) } else { Err(()) });
            }
            "/exit-after" => {
                deeds::say(out, 200, b"whole");
                wasip2::cli::exit::exit(if query == "0" { Ok(()) } else { Err(()) });
            }
            "/print" => deeds::print(out, query),
            "/nothing" => {}
            "/error" => ResponseOutparam::set(out, Err(ErrorCode::InternalError(Some("on purpose".into())))),
            "/trap" => deeds::trap(),
            "/trap-in-body" => deeds::trap_in_body(out),
            "/trap-at-end" => {
                deeds::say(out, 200, b"whole");
                deeds::trap();
            }
            "/loop" => deeds::spin(),
            "/loop-in-body" => deeds::spin_in_body(out),
            "/memory" => deeds::take_memory(),
            "/wait" => deeds::wait(query.parse().unwrap_or(3_600_000)),
            "/wait-in-body" => deeds::wait_in_body(out),
            _ => deeds::say(out, 404, b"no such deed"),
        }
    }
}

wasip2::http::proxy::export!(Answerer);
