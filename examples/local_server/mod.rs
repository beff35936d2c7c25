//! What the article's examples fetch, in the place of jsonplaceholder.typicode.com.

use std::net::TcpListener;

use wiremock::matchers::path_regex;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// A server on 127.0.0.1, alive as long as it is held, and three URLs; at the second one nobody listens.
pub async fn three_urls() -> (MockServer, [String; 3]) {
    let server = MockServer::builder().start().await;
    Mock::given(path_regex("^/todos/[0-9]+$"))
        .respond_with(|request: &Request| {
            let id = request.url.path().trim_start_matches("/todos/");
            let todo = format!("{{ \"userId\": 1, \"id\": {id}, \"completed\": false }}");
            ResponseTemplate::new(200).set_body_raw(todo, "application/json")
        })
        .mount(&server)
        .await;
    // A port that was free a moment ago, and that nothing listens at.
    let closed = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port");
    let urls = [
        format!("{}/todos/1", server.uri()),
        format!("http://{closed}/todos/2"),
        format!("{}/todos/3", server.uri()),
    ];
    (server, urls)
}
