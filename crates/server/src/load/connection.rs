//! A connection of the load generator: HTTP/1.1 by hand over a blocking socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long a server may say nothing before the request has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that is kept alive.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    buffer: Vec<u8>,
    filled: usize,
}

/// A request that was not answered as it should be.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The connection failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The server closed the connection before it had answered.
    #[error("the connection was closed without an answer")]
    Closed,
    /// The answer is no HTTP.
    #[error("not an answer: {0}")]
    Http(String),
    /// Another status than 200.
    #[error("status {0}: {1}")]
    Status(u16, String),
    /// Another body than expected.
    #[error("another body than expected: {0}")]
    Body(String),
}

impl Connection {
    /// Connects.
    pub fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            address,
            buffer: vec![0; 4096],
            filled: 0,
        })
    }

    /// Sends a request and reads the answer, whose body must be this.
    pub fn get(&mut self, path: &str, expected: &[u8]) -> Result<(), RequestError> {
        self.send(path)?;
        self.receive(expected)
    }

    /// Sends a request.
    pub fn send(&mut self, path: &str) -> Result<(), RequestError> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        self.stream.write_all(request.as_bytes())?;
        self.filled = 0;
        Ok(())
    }

    /// Reads the answer, whose body must be this.
    pub fn receive(&mut self, expected: &[u8]) -> Result<(), RequestError> {
        let (status, head, length) = loop {
            self.read()?;
            if let Some(head) = head(&self.buffer[..self.filled])? {
                break head;
            }
        };
        while self.filled < head + length {
            self.read()?;
        }
        let body = &self.buffer[head..head + length];
        let shown = || String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
        match status {
            200 if body == expected => Ok(()),
            200 => Err(RequestError::Body(shown())),
            _ => Err(RequestError::Status(status, shown())),
        }
    }

    fn read(&mut self) -> Result<(), RequestError> {
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.buffer.len(), 0);
        }
        match self.stream.read(&mut self.buffer[self.filled..])? {
            0 => Err(RequestError::Closed),
            bytes => {
                self.filled += bytes;
                Ok(())
            }
        }
    }
}

/// Status, length of the head and of the body, once the head is there.
fn head(bytes: &[u8]) -> Result<Option<(u16, usize, usize)>, RequestError> {
    let wrong = |problem: String| RequestError::Http(problem);
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(|error| wrong(error.to_string()))?;
    let httparse::Status::Complete(head) = parsed else {
        return Ok(None);
    };
    let length = response
        .headers
        .iter()
        .find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let length = length.ok_or_else(|| wrong("no content-length".to_owned()))?;
    Ok(Some((response.code.unwrap_or(0), head, length)))
}
