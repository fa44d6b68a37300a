//! A component of `wasi:http` 0.3 that stands around the rest of the way, and does there what the field `x-deed` of a request says.

#[rustfmt::skip]
mod contracts;
mod deeds;

use contracts::handler::wasi::http::handler;
use wasip3::exports::http::handler::Guest;
use wasip3::http::types::{ErrorCode, Request, Response};

struct Between;

impl Guest for Between {
    async fn handle(request: Request) -> Result<Response, ErrorCode> {
        let deed = deeds::value(&request.get_headers(), "x-deed");
        match deed.as_str() {
            "capitals" => {
                let request = deeds::changed(request, "x-in", deeds::capitals);
                Ok(deeds::answer_changed(handler::handle(request).await?, 0, deeds::capitals))
            }
            "answer" => Ok(deeds::say(203, "mine")),
            "instead" => {
                drop(handler::handle(deeds::marked(request)).await?);
                Ok(deeds::say(203, "mine"))
            }
            "twice" => {
                let again = deeds::marked_again(&request);
                let answer = handler::handle(deeds::marked(request)).await?;
                let second = handler::handle(again).await.err();
                Ok(deeds::answer_marked(answer, &format!("{second:?}")))
            }
            "post" => {
                let request = deeds::marked(request);
                _ = request.set_method(&wasip3::http::types::Method::Post);
                _ = request.set_path_with_query(Some("/posted"));
                _ = request.set_authority(Some("other.example"));
                Ok(deeds::answer_marked(handler::handle(request).await?, "yes"))
            }
            "count" => {
                let (request, length) = deeds::counted(request).await;
                let answer = handler::handle(request).await?;
                Ok(deeds::answer_marked(answer, &length.to_string()))
            }
            "trap" => deeds::trap(),
            "trap-with-request" => {
                let request = deeds::changed(request, "x-in", deeds::trap_at_end);
                handler::handle(request).await
            }
            "trap-after" => {
                drop(handler::handle(deeds::marked(request)).await?);
                deeds::trap()
            }
            "trap-with-answer" => {
                let answer = handler::handle(deeds::marked(request)).await?;
                Ok(deeds::answer_changed(answer, 0, deeds::trap_at_end))
            }
            "error" => Err(ErrorCode::InternalError(Some("on purpose".into()))),
            "loop" => deeds::spin(),
            "wait" => {
                wasip3::clocks::monotonic_clock::wait_for(3_600_000_000_000).await;
                deeds::trap()
            }
            "never" => std::future::pending().await,
            _ => {
                let answer = handler::handle(deeds::marked(request)).await?;
                Ok(deeds::answer_marked(answer, "yes"))
            }
        }
    }
}

wasip3::http::service::export!(Between);
