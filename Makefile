# Two commands matter: `make walkthrough` and `make test`. Both install the Debian packages that are missing.

# What each package is for stands in README.md.
PACKAGES = pkg-config libopenblas0-pthread libdnnl2 libedit-dev libjpeg62-turbo-dev libpng-dev libcairo2-dev \
	libpango1.0-dev libsentencepiece-dev libarchive-dev libcurl4
PROGRAM = .build/release/palinote
SESSIONS = $(wildcard sessions/*.session.md)

.PHONY: build walkthrough test replay record format packages docs bundle clean

build: packages
	swift build -c release --product palinote

walkthrough: build
	$(PROGRAM) run sessions/walkthrough.session.md --assets out/walkthrough

# Every recorded session, then every test.
test: replay
	swift build --build-tests
	swift test --skip-build

replay: build
	$(if $(SESSIONS),$(PROGRAM) lint $(SESSIONS) && $(PROGRAM) replay $(SESSIONS))

# Every session anew, for a processor of another kind or after a change that is meant to show; look at the differences.
record: build
	for session in $(SESSIONS); do $(PROGRAM) run --record --quiet $$session || exit 1; done

# Nothing to say means that every file is laid out as .swift-format asks.
format:
	swift format lint --strict --recursive Package.swift Sources Tests

# Pages that are made from the program itself.
docs: build
	$(PROGRAM) docs commands > docs/commands.md

# One archive with everything that a machine without these packages needs; docs/gpu.md says how to use it.
bundle: PACKAGES += nettle-dev binutils python3 xz-utils
bundle: packages
	.ci/bundle

packages:
	@missing=; for package in $(PACKAGES); do \
		dpkg-query --show --showformat='$${Status}' $$package 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
		echo "installing$$missing"; \
		as_root=; [ "$$(id -u)" = 0 ] || as_root=sudo; \
		$$as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $$as_root apt-get install -y -qq --no-install-recommends $$missing; \
	fi

clean:
	rm -rf .build out
