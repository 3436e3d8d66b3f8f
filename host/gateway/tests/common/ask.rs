//! Asking a gateway as a client and as an operator, and reading its answers.

use aecp_trust::handover::Answer;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::read_to_end;
use super::site::Running;

pub async fn send(address: std::net::SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = head.replace('\n', "\r\n");
    stream
        .write_all(format!("{request}\r\nHost: api.example\r\nConnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    read_to_end(&mut stream).await
}

pub async fn get(gateway: &Running, path: &str, headers: &str) -> String {
    send(gateway.address, &format!("GET {path} HTTP/1.1{headers}")).await
}

pub async fn admin(gateway: &Running, path: &str) -> String {
    send(gateway.admin, &format!("GET {path} HTTP/1.1")).await
}

pub fn activated(answer: &Answer) -> bool {
    matches!(answer, Answer::Activated { .. })
}

/// The short name of a refusal.
pub fn code(answer: Answer) -> String {
    match answer {
        Answer::Refused { code, .. } => code,
        other => panic!("{other:?}"),
    }
}
