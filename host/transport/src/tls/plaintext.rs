//! What a client is told that speaks HTTP without TLS where TLS is spoken.

use std::io;

use tokio::io::AsyncWriteExt;

use super::farewell;
use crate::stream::Socket;

const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 40\r\n\
    connection: close\r\n\r\nThis address speaks TLS: use https://..\n";

/// Answers, and waits until the client has closed or sent too much. How long, the caller decides.
pub(super) async fn refuse(mut socket: Socket) -> io::Result<()> {
    socket.write_all(ANSWER).await?;
    farewell::part(socket).await
}

#[cfg(test)]
mod tests {
    use super::ANSWER;

    #[test]
    fn the_answer_says_its_length() {
        let text = std::str::from_utf8(ANSWER).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())), "{}", body.len());
    }
}
