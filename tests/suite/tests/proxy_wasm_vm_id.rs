//! Modules of proxy-wasm that find each other by their `vm_id`: their queues and their data.

use std::fs;

use sandgate_tests::{Origin, PATIENCE, Response, Sandgate, guest, wait_for, yaml};

/// Two plugins of these keys, each with a path of its own.
fn config(receiver: &str, sender: &str) -> String {
    let of = |name: &str| {
        format!(
            "{{ name: {name}, match: {{ path: {{ prefix: /{name} }} }}, filters: [{{ plugin: {name} }}], upstream: app }}"
        )
    };
    format!(
        "version: 1\nserver: {{ workers: 1, shutdown_grace: 5s }}\n\
         listeners: [{{ name: web, address: \"127.0.0.1:0\" }}]\nadmin: {{ address: \"127.0.0.1:0\" }}\n\
         plugins:\n  receiver: {{ wasm: it.wasm, limits: {{ cpu: 10ms }}, grants: {{ kv: {{ quota: 1MiB }}, metrics: {{ series: 4 }} }}, {receiver} }}\n  \
         sender: {{ wasm: it.wasm, limits: {{ cpu: 10ms }}, grants: {{ kv: {{ quota: 1MiB }}, metrics: {{ series: 4 }} }}, {sender} }}\n\
         upstreams: {{ app: {{ endpoints: @app@ }} }}\n\
         routes: [{}, {}]\n",
        of("receiver"),
        of("sender")
    )
}

fn start(app: &Origin, config: String) -> Sandgate {
    Sandgate::with_config(config).file("it.wasm", &guest("proxy-wasm-probe")).origins("app", &[app]).start()
}

fn ask(sandgate: &Sandgate, host: &str, path: &str, wish: &str) -> Response {
    let mut client = sandgate.client();
    client.send(format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nx-do: {wish}\r\n\r\n"));
    client.response()
}

/// What a key of a plugin's shared data has.
fn shared(sandgate: &Sandgate, path: &str, key: &str) -> String {
    let response = ask(sandgate, "test.example", path, &format!("shared {key}"));
    response.field("x-shared").unwrap().to_owned()
}

/// Puts something into a queue of `receiver`, and what the module was told to that.
fn send(sandgate: &Sandgate, app: &Origin, text: &str) -> String {
    ask(sandgate, "test.example", "/sender", &format!("send receiver {text}"));
    app.requests().pop().unwrap().field("x-put").unwrap().to_owned()
}

const RECEIVER: &str = "settings: queue, proxy_wasm: { vm_id: receiver }";

#[test]
fn a_queue_is_found_by_the_vm_id_of_another_plugin() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, config(RECEIVER, "proxy_wasm: { vm_id: sender }"));
    assert_eq!(shared(&sandgate, "/receiver", "done"), "", "its VM is there, and has nothing to do");
    assert_eq!(send(&sandgate, &app, "work"), "Ok(())");
    wait_for("the job to be done", PATIENCE, || shared(&sandgate, "/receiver", "done") == "work");
    assert_eq!(shared(&sandgate, "/sender", "done"), "", "data is of another `vm_id`");
}

#[test]
fn what_waits_in_a_queue_outlives_a_reload_of_its_plugin() {
    let app = Origin::replying(200, "app");
    let sender = "proxy_wasm: { vm_id: sender }";
    let sandgate = start(&app, config(RECEIVER, sender));
    assert_eq!(send(&sandgate, &app, "first"), "Ok(())", "the queue is there before its VM");
    sandgate.reload(&config("settings: queue anew, proxy_wasm: { vm_id: receiver }", sender));
    assert_eq!(shared(&sandgate, "/receiver", "done"), "");
    assert_eq!(send(&sandgate, &app, "second"), "Ok(())");
    wait_for("both jobs to be done", PATIENCE, || shared(&sandgate, "/receiver", "done") == "first,second");
}

#[test]
fn a_plugin_without_a_vm_id_finds_no_queue_but_its_own() {
    let app = Origin::replying(200, "app");
    let sandgate = start(&app, config(RECEIVER, "settings: queue"));
    assert_eq!(send(&sandgate, &app, "work"), "Err(NotFound)");
    let line = sandgate.log_line(|line| !line.text("grant").is_empty());
    assert_eq!(line.text("grant"), "proxy_wasm: { vm_id: NAME }");
    ask(&sandgate, "test.example", "/sender", "enqueue own");
    wait_for("its own to be done", PATIENCE, || shared(&sandgate, "/sender", "done") == "own");
    assert_eq!(shared(&sandgate, "/receiver", "done"), "");
}

#[test]
fn plugins_of_one_vm_id_share_queues_and_data() {
    let app = Origin::replying(200, "app");
    let counts = "settings: count, proxy_wasm: { vm_id: one }";
    let sandgate = start(&app, config("settings: queue, proxy_wasm: { vm_id: one }", counts));
    for _ in 0..2 {
        ask(&sandgate, "test.example", "/sender", "nothing");
    }
    assert_eq!(shared(&sandgate, "/receiver", "requests"), "2");
    ask(&sandgate, "test.example", "/sender", "enqueue work");
    assert_eq!(app.requests().pop().unwrap().field("x-put"), Some("Ok(())"));
    wait_for("the job to be done", PATIENCE, || shared(&sandgate, "/receiver", "done") == "work");
}

#[test]
fn a_vm_id_is_another_for_each_tenant() {
    let app = Origin::replying(200, "app");
    let config = yaml::forwarding()
        + "tenants:
  acme: { hosts: [acme.test], config: acme/tenant.yaml }
  bob: { hosts: [bob.test], config: bob/tenant.yaml }
";
    let mut setup = Sandgate::with_config(config).origins("app", &[&app]);
    for name in ["acme", "bob"] {
        fs::create_dir(setup.folder().join(name)).unwrap();
        let file = format!(
            "version: 1\nupstreams: {{ app: {{ endpoints: ['{}'] }} }}\n\
             plugins: {{ it: {{ wasm: it.wasm, limits: {{ cpu: 10ms }}, settings: queue, \
             grants: {{ kv: {{ quota: 1MiB }} }}, proxy_wasm: {{ vm_id: one }} }} }}\n\
             routes: [{{ name: all, filters: [{{ plugin: it }}], upstream: app }}]\n",
            app.url()
        );
        setup = setup
            .content(&format!("{name}/tenant.yaml"), file)
            .file(&format!("{name}/it.wasm"), &guest("proxy-wasm-probe"));
    }
    let sandgate = setup.start();
    let done = |host: &str| ask(&sandgate, host, "/", "shared done").field("x-shared").unwrap().to_owned();
    assert_eq!((done("acme.test"), done("bob.test")), (String::new(), String::new()));
    for (host, text) in [("acme.test", "acmes"), ("bob.test", "bobs")] {
        ask(&sandgate, host, "/", &format!("send one {text}"));
        assert_eq!(app.requests().pop().unwrap().field("x-put"), Some("Ok(())"));
    }
    wait_for("both to be done", PATIENCE, || !done("acme.test").is_empty() && !done("bob.test").is_empty());
    assert_eq!((done("acme.test"), done("bob.test")), ("acmes".to_owned(), "bobs".to_owned()));
}
