//! The article's `tokio::join!` example, and its fetches joined instead of spawned:
//! `cargo run --release --example article_join`.
//!
//! All results are there at once, in the order in which the futures were written, errors among them: `join!` waits
//! for all of them, whatever they return. The futures borrow the client and the URLs, which spawned tasks cannot.

mod local_server;

use reqwest::Client;
use tokio::join;

async fn task1() -> String {
    "Task 1 completed".to_string()
}

async fn task2() -> String {
    "Task 2 completed".to_string()
}

#[tokio::main]
async fn main() {
    let (res1, res2) = join!(task1(), task2());
    println!("{res1}\n{res2}");

    let (_server, urls) = local_server::three_urls().await;
    let client = Client::builder().no_proxy().build().expect("a client");
    let [a, b, c] = &urls;
    let (a, b, c) = join!(fetch_url(&client, a), fetch_url(&client, b), fetch_url(&client, c));
    for (url, fetched) in urls.iter().zip([a, b, c]) {
        match fetched {
            Ok(content) => println!("{content:?}"),
            Err(e) => eprintln!("Error fetching {url}: {e:?}"),
        }
    }
}

async fn fetch_url(client: &Client, url: &str) -> Result<String, reqwest::Error> {
    let res = client.get(url).send().await?;
    res.text().await
}
