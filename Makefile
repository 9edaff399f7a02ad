# Every target is a line or two. `make demo` and `make test` are the ones to try first.

TARGET := $(or $(CARGO_TARGET_DIR),target)
BIN := $(abspath $(TARGET))/ci
PREFIX ?= /usr/local
PACKAGES := supervisord supervisorctl memmon httpok crashmail listener-check
PROGRAMS := $(PACKAGES) pidproxy echo_supervisord_conf crashmailbatch fatalmailbatch crashsms

# Supervisor 4.3.0 itself, to be compared with. The stamp carries the hash of the lock file.
VENV := $(abspath $(TARGET))/venv
VENV_STAMP := $(VENV)/lock-$(shell cksum < tests/python-requirements.txt | tr ' ' '-')
ORIGINAL := $(VENV)/bin

# Another one, for its own end-to-end tests.
E2E := $(abspath $(TARGET))/venv-e2e
E2E_STAMP := $(E2E)/lock-$(shell cksum < tests/e2e-requirements.txt | tr ' ' '-')

.PHONY: demo test unit kit ids ids-ours ids-original differential golden e2e check build bench release install venv original clean

demo: build
	@$(BIN)/demo $(ARGS)

# All of CI that needs neither root nor packages of the distribution.
test:
	@.ci/stage unit 180 $(MAKE) --no-print-directory unit
	@.ci/stage build 300 $(MAKE) --no-print-directory build
	@.ci/stage demo 60 $(MAKE) --no-print-directory demo ARGS=--once
	@.ci/stage original 60 $(MAKE) --no-print-directory original
	@.ci/stage kit 120 $(MAKE) --no-print-directory kit
	@.ci/stage ids 360 $(MAKE) --no-print-directory -j2 -O ids-ours ids-original
	@.ci/stage differential 240 $(MAKE) --no-print-directory differential

unit:
	cargo test --workspace --exclude supervisor-tests --exclude listener-check
	cargo test -p supervisor-tests --lib --bins --test tidy
	cargo test -p listener-check --bins

check:
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --all-features -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps

# The black-box suites and the demo use these: optimised, quick to link.
build:
	cargo build --profile ci --workspace --bins

# The contract, on our programs or on those in another directory: make ids DAEMON=DIR
ids: build
	cargo test --quiet --profile ci -p supervisor-tests --test it --no-run
	SUPERVISOR_BIN_DIR=$(or $(abspath $(DAEMON)),$(BIN)) SUPERVISOR_ORIGINAL_DIR=$(dir $(wildcard $(ORIGINAL)/supervisord)) \
	  $(BIN)/ids $(ARGS)

ids-ours:
	@$(MAKE) --no-print-directory ids

ids-original:
	@if [ -x $(ORIGINAL)/supervisord ]; then $(MAKE) --no-print-directory ids DAEMON=$(ORIGINAL); fi

# The conformance kit on our programs, on the original's, and on the example listeners in seven languages.
kit: build
	SUPERVISOR_BIN_DIR=$(BIN) SUPERVISOR_ORIGINAL_DIR=$(dir $(wildcard $(ORIGINAL)/supervisord)) \
	  cargo test --quiet -p listener-check --test faults --test languages --test original

# The original and ours side by side, on the same configurations, refusals and calls; one case in full: ARGS=NAME
differential: build
	@SUPERVISOR_BIN_DIR=$(BIN) SUPERVISOR_ORIGINAL_DIR=$(dir $(wildcard $(ORIGINAL)/supervisord)) $(BIN)/differential $(ARGS)

# Plays the scenarios against the original and writes down what it does.
golden: build venv
	SUPERVISOR_ORIGINAL_DIR=$(ORIGINAL) $(BIN)/golden $(ARGS)

# The original's own end-to-end tests on our programs; on the original itself: make e2e DAEMON=target/venv-e2e/bin
e2e: build $(E2E_STAMP)
	$(E2E)/bin/python tests/e2e/run.py $(or $(DAEMON),$(BIN)) $(ARGS)

$(E2E_STAMP): tests/e2e-requirements.txt
	rm -rf $(E2E) && python3 -m venv $(E2E) && $(E2E)/bin/pip install --quiet -r $< && touch $@

venv: $(VENV_STAMP)

$(VENV_STAMP): tests/python-requirements.txt
	rm -rf $(VENV) && python3 -m venv $(VENV) && $(ORIGINAL)/pip install --quiet -r $< && touch $@

# As venv, but a machine that cannot have it is told so and goes on; with CI=true it fails.
original:
	@$(MAKE) --no-print-directory venv || { [ "$$CI" != true ] && rm -rf $(VENV) && \
	  echo '*** SKIPPED: no Supervisor 4.3.0 to compare with (python3 with venv, and pip, would make one)'; }

# How fast a configuration is read, ours beside the original; only rows of that name: ARGS=WORD
# Another benchmark, that takes --subject NAME=PROGRAM and --peer NAME=PROGRAM: make bench BENCH=PATH
ifeq ($(BENCH),)
bench: original
	SUPERVISOR_ORIGINAL_DIR=$(dir $(wildcard $(ORIGINAL)/supervisord)) cargo bench -p supervisord --bench parse -- $(ARGS)
else
bench: release venv
	$(BENCH) --subject ours=$(abspath $(TARGET))/release/supervisord --peer original=$(ORIGINAL)/supervisord $(ARGS)
endif

release:
	cargo build --release $(PACKAGES:%=-p %)

install: release
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man8
	install $(PROGRAMS:%=$(TARGET)/release/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 docs/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 docs/man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8

clean:
	cargo clean
