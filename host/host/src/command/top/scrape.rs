//! One request for the metrics of a running Sandgate. The admin address ends each connection after its answer, so that this
//! is all the HTTP that is needed.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long connecting, sending and each part of the answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer: some hundred thousand series.
const LIMIT: u64 = 64 << 20;

/// The text of `/metrics`, or what was there instead.
pub(super) fn metrics(address: &str) -> Result<String, String> {
    let answer = ask(address).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("it does not speak HTTP")?;
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        let status: String = status.chars().filter(|c| !c.is_control()).take(80).collect();
        return Err(format!("it answered `{status}`"));
    }
    if !body.contains("sandgate_build_info") {
        return Err("what it answered are not Sandgate's metrics".to_owned());
    }
    Ok(body.to_owned())
}

fn ask(address: &str) -> io::Result<String> {
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    // By HTTP/1.0 the answer is what comes until the end.
    stream.write_all(format!("GET /metrics HTTP/1.0\r\nhost: {address}\r\n\r\n").as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LIMIT).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Connects to the first of an address's that accepts.
fn connect(address: &str) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "there is no such address");
    for address in address.to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    fn said_to(answer: &'static str) -> Result<String, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let serving = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = [0; 512];
            let length = stream.read(&mut head).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&head[..length]).into_owned()
        });
        let metrics = metrics(&address);
        assert!(serving.join().unwrap().starts_with("GET /metrics HTTP/1.0\r\n"));
        metrics
    }

    #[test]
    fn metrics_are_what_follows_the_head() {
        assert_eq!(
            said_to("HTTP/1.1 200 OK\r\na: b\r\n\r\nsandgate_build_info 1\n").unwrap(),
            "sandgate_build_info 1\n"
        );
    }

    #[test]
    fn what_is_not_sandgates_is_named() {
        assert!(said_to("HTTP/1.1 404 Not Found\r\n\r\n").unwrap_err().contains("404 Not Found"));
        assert!(said_to("HTTP/1.1 200 OK\r\n\r\nup 1\n").unwrap_err().contains("not Sandgate's metrics"));
        assert!(said_to("220 mail.example.com\r\n").unwrap_err().contains("does not speak HTTP"));
        assert!(!said_to("HTTP/1.1 \x1b[31m\r\n\r\n").unwrap_err().contains('\x1b'));
    }

    #[test]
    fn where_nobody_listens_the_reason_is_said() {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        assert!(metrics(&free.to_string()).unwrap_err().contains("refused"));
    }
}
