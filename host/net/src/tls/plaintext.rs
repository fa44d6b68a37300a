//! What a client is told that speaks HTTP without TLS where TLS is spoken.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stream::Socket;

const ANSWER: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain\r\ncontent-length: 40\r\n\
    connection: close\r\n\r\nThis address speaks TLS: use https://..\n";

/// How much of its request is still read, so that closing does not reset the connection before the client has the
/// answer (RFC 9112 section 9.6).
const LINGER_BYTES: usize = 64 << 10;

/// Answers, and waits until the client has closed or sent too much. How long, the caller decides.
pub(super) async fn refuse(mut socket: Socket) -> io::Result<()> {
    socket.write_all(ANSWER).await?;
    socket.shutdown().await?;
    let mut piece = [0; 4096];
    let mut left = LINGER_BYTES;
    loop {
        let read = socket.read(&mut piece).await?;
        left = left.saturating_sub(read);
        if read == 0 || left == 0 {
            return Ok(());
        }
    }
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
