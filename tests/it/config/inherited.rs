//! Series LG, logs that go where a descriptor of the daemon goes: sockets, pipes, terminals and files of others.

use supervisor_tests::{Daemon, Setup, Subject};

use super::conditions::{can_be_root, open_to_all};

const LOGS: &str = "stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nstderr_logfile=/dev/stderr\n\
    stderr_logfile_maxbytes=0";

/// A daemon whose descriptors a script has prepared: Python, with `run(pass_fds, **standard_descriptors)`, which starts
/// the daemon and yields its process.
fn through(setup: Setup, script: &str) -> Setup {
    let script = format!(
        "import os,pty,signal,socket,subprocess,sys,threading\n\
         dir=sys.argv[1]\n\
         def run(**how):\n \
          child=subprocess.Popen(sys.argv[2:],**how)\n \
          signal.signal(signal.SIGTERM,lambda *_:child.terminate())\n \
          return child\n\
         def copy(read,name):\n \
          with open(dir+'/'+name,'wb',0) as out:\n  \
           while data:=read(): out.write(data)\n\
         {script}\n\
         sys.exit(child.wait())\n"
    );
    let path = setup.path("outer.py").display().to_string();
    let dir = setup.path("").display().to_string();
    setup.write("outer.py", &script).through(&["python3", &path, &dir])
}

fn talker(setup: Setup) -> Setup {
    setup.program("p", LOGS, r"'say:to stdout\n' 'err:to stderr\n' hang")
}

fn lines_of(daemon: &Daemon, name: &str, wanted: &str) {
    let text = daemon.wait_file(name, wanted);
    assert!(text.contains("INFO supervisord started with pid"), "{text}");
}

#[test]
fn ours_lg07_standard_output_is_a_socket() {
    if Subject::under_test().is_original() {
        return;
    }
    let script = "ours,its=socket.socketpair()\n\
        child=run(stdout=its,stderr=its)\n\
        its.close()\n\
        threading.Thread(target=copy,args=(lambda:ours.recv(65536),'got'),daemon=True).start()";
    let daemon = talker(through(Setup::new(), script)).start();
    lines_of(&daemon, "got", "to stdout\n");
    lines_of(&daemon, "got", "to stderr\n");
}

#[test]
fn ours_lg07_standard_output_is_a_terminal() {
    if Subject::under_test().is_original() {
        return;
    }
    let script = "def read():\n \
         try: return os.read(ours,65536)\n \
         except OSError: return b''\n\
        ours,its=pty.openpty()\n\
        child=run(stdout=its,stderr=its)\n\
        threading.Thread(target=copy,args=(read,'got'),daemon=True).start()";
    let daemon = talker(through(Setup::new(), script)).start();
    lines_of(&daemon, "got", "to stdout\r\n");
    lines_of(&daemon, "got", "to stderr\r\n");
}

/// Not opened for appending: one offset for all.
#[test]
fn ours_lg07_standard_output_is_a_file_with_something_in_it() {
    if Subject::under_test().is_original() {
        return;
    }
    let script = "out=open(dir+'/got','wb',0)\nout.write(b'before\\n')\nchild=run(stdout=out,stderr=out)";
    let daemon = talker(through(Setup::new(), script)).start();
    lines_of(&daemon, "got", "to stdout\n");
    let text = daemon.wait_file("got", "to stderr\n");
    assert!(text.starts_with("before\n") && !text.contains('\0'), "{text}");
    assert_eq!(text.matches("to stdout\n").count(), 2, "log and echo: {text}");
}

#[test]
fn ours_lg07_a_pipe_of_another_user() {
    if Subject::under_test().is_original() || !can_be_root("another user") {
        return;
    }
    let script = "ours,its=os.pipe()\n\
        child=run(stdout=its,stderr=its)\n\
        os.close(its)\n\
        threading.Thread(target=copy,args=(lambda:os.read(ours,65536),'got'),daemon=True).start()";
    let setup = through(Setup::new().supervisord("user=nobody"), script);
    open_to_all(&setup.path(""));
    let daemon = talker(setup).start();
    lines_of(&daemon, "got", "to stdout\n");
    daemon.ok("clearProcessLogs", &["p".into()]);
    daemon.wait_state("p", "RUNNING");
}

#[test]
fn ours_lg07_descriptors_beyond_the_first_three() {
    if Subject::under_test().is_original() {
        return;
    }
    let script = "out=open(dir+'/got','wb',0)\nos.dup2(out.fileno(),77)\nchild=run(pass_fds=[77])";
    let log = |number| format!("stdout_logfile=/dev/fd/{number}\nstdout_logfile_maxbytes=0");
    let daemon = through(Setup::new(), script)
        .program("p", &log(77), r"'say:words\n' hang")
        // Whatever this is in the daemon, it was not given to it.
        .program("q", &format!("{}\nstartretries=0", log(3)), "hang")
        .start();
    assert_eq!(daemon.wait_file("got", "words"), "words\n");
    daemon.wait_state("q", "FATAL");
}

/// Standard output is a pipe, which is read only once file `back` is there.
const LATE_READER: &str = "import time\n\
    ours,its=os.pipe()\n\
    child=run(stdout=its,stderr=its)\n\
    os.close(its)\n\
    while not os.path.exists(dir+'/back') and child.poll() is None: time.sleep(0.01)\n\
    threading.Thread(target=copy,args=(lambda:os.read(ours,65536),'got'),daemon=True).start()";

#[test]
fn ours_lg07_a_pipe_that_nobody_reads_stops_nobody_else() {
    if Subject::under_test().is_original() {
        return;
    }
    let line = |number: usize| format!("{number} {}", "x".repeat(8000));
    let flood: String = (0..150).map(|number| format!(r"'say:{}\n' ", line(number))).collect();
    // Only the program's own words: what the daemon tells of them waits for nobody.
    let daemon = through(Setup::new().args(&["-e", "info"]), LATE_READER)
        .program("p", LOGS, &format!("'err:begin\\n' touch:began {flood} touch:done hang"))
        .program("q", "stdout_logfile={dir}/q.out", r"wait:began 'say:words\n' hang")
        .start();
    daemon.wait_file("q.out", "words");
    daemon.ok("getPID", &[]);
    assert!(!daemon.path("done").exists(), "it waits for its reader");
    daemon.touch("back");
    daemon.wait_path("done");
    daemon.wait_file("got", &line(149));
    let got = daemon.read("got");
    assert!((0..150).all(|number| got.contains(&line(number))));
    assert!(!got.contains("are lost") && !daemon.has_logged("are lost"));
    assert_eq!(daemon.stop(), 0);
}

#[test]
fn ours_lg07_a_reader_that_comes_back_has_missed_nothing() {
    if Subject::under_test().is_original() {
        return;
    }
    let line = |number: usize| format!("{number} {}", "x".repeat(2000));
    let steps: String = (0..50).map(|number| format!(r"'say:{}\n' ", line(number))).collect();
    let daemon = through(Setup::new(), LATE_READER).program("p", LOGS, &format!("{steps} touch:done hang")).start();
    daemon.wait_path("done");
    daemon.ok("getPID", &[]);
    daemon.touch("back");
    // Nothing more is written: what waits gets out for the reader's sake alone. Each line comes once by the program's log,
    // and once by the daemon's, which tells of all output here.
    daemon.wait("each line twice", || {
        let got = daemon.read("got");
        (0..50).all(|number| got.matches(&format!("\n{}\n", line(number))).count() == 2).then_some(())
    });
    assert!(!daemon.has_logged("are lost"));
}
