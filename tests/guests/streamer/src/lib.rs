//! A component of `wasi:http` 0.3 that does what the path of a request says: what `answerer` does by 0.2, with tasks and streams, and
//! what only 0.3 has: a body that is passed on and not looked at.

mod deeds;
mod io;

use deeds::Hands;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Method, Request, Response};

struct Streamer;

impl Guest for Streamer {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let target = request.get_path_with_query().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        Ok(match path {
            "/" => io::say(200, "answered"),
            "/facts" => deeds::facts(&request),
            "/echo" => deeds::echo(request, ""),
            "/begin" => deeds::echo(request, "ready\n"),
            "/pass" => deeds::pass(request),
            "/pass-and-trap" => {
                io::later(async {
                    deeds::wait(1).await;
                    deeds::trap()
                });
                deeds::pass(request)
            }
            "/count" => deeds::count(request).await,
            "/trailers" => deeds::trailers(),
            "/ask" => deeds::ask(query, Method::Get, 0).await,
            "/tell" => deeds::ask(query, Method::Post, 100).await,
            "/ask-much" => deeds::ask(query, Method::Post, 100_000).await,
            "/ask-often" => deeds::ask_often(query).await,
            "/ask-at-once" => deeds::ask_at_once(query).await,
            "/relay" => deeds::relay(request, query, Hands::On).await,
            "/relay-on" => deeds::relay(request, query, Hands::Off).await,
            "/stop-half" => deeds::stop_half(query).await,
            "/trap-half" => deeds::trap_half(query).await,
            "/forbidden" => deeds::forbidden(),
            "/status" => io::say(query.parse().unwrap_or(200), "as asked"),
            "/long" => io::say_of_length("3", "longer"),
            "/short" => io::say_of_length("30", "shorter"),
            "/error" => return Err(ErrorCode::InternalError(Some("on purpose".into()))),
            "/trap" => deeds::trap(),
            "/trap-in-body" => io::say_and("so far", async { deeds::trap() }),
            "/trap-after" => deeds::trap_after(),
            "/loop" => deeds::spin(),
            "/loop-in-body" => io::say_and("so far", async { deeds::spin() }),
            "/memory" => deeds::take_memory(),
            "/handles" => deeds::take_handles(),
            "/wait" => deeds::wait(query.parse().unwrap_or(3_600_000)).await,
            "/wait-in-body" => io::say_and("so far", async { drop(deeds::wait(3_600_000).await) }),
            "/never" => std::future::pending().await,
            _ => io::say(404, "no such deed"),
        })
    }
}

wasip3::http::service::export!(Streamer);
