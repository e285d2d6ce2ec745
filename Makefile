# SPDX-License-Identifier: GPL-2.0
# xtcp.ko and its tests; `make help` says what there is. Kbuild holds what the kernel's build needs.

# The kernel to build for: its release, or where its headers are
KVER	?= $(shell uname -r)
KDIR	?= /lib/modules/$(KVER)/build
PREFIX	?= /usr/local
DESTDIR	?=

VERSION	:= $(shell sed -n 's/^MODULE_VERSION("\(.*\)");/\1/p' module/main.c)
# Of the headers, which need not be of the kernel that runs, nor say so everywhere (Debian 12's 6.1)
RELEASE	= $(or $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' $(KDIR)/include/generated/utsrelease.h 2>/dev/null),$(KVER))

# Places of the tests (make test), and a kernel of a VM: 6.12, 6.1, 7.3 (make vm)
PLACES	?= uml-debug 6.12 6.1 uml uml-7.3
KERNEL	?= 6.12

all: module

module:
	@[ -e $(KDIR)/Makefile ] || { echo "no kernel headers in $(KDIR): install those of the kernel you run" \
		"(Debian: apt install linux-headers-$$(uname -r)), or say where others are with KDIR=..." >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean:
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi
	@find module $(wildcard kunit) -name '*.o' -delete -o -name '.*.cmd' -delete -o -name '*.gcno' -delete
	@rm -f *.o *.ko *.mod *.mod.c .*.cmd Module.symvers modules.order xtcp.exports

# Debian's headers have no key to sign with, and would say so at length
install: module install-tools
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_STRIP=1 \
		$(if $(wildcard $(KDIR)/certs/signing_key.*),,CONFIG_MODULE_SIG_ALL=) KERNELRELEASE=$(RELEASE) modules_install
	$(if $(DESTDIR),,depmod -a $(RELEASE))

uninstall: uninstall-tools
	$(if $(RELEASE),,$(error which kernel? KVER=RELEASE))
	[ ! -d $(DESTDIR)/lib/modules/$(RELEASE) ] || find $(DESTDIR)/lib/modules/$(RELEASE) -name 'xtcp.ko*' -delete
	$(if $(DESTDIR),,[ ! -d /lib/modules/$(RELEASE) ] || depmod -a $(RELEASE))

# The sources to where dkms(8) looks for them, which builds them anew for each kernel
dkms:
	$(if $(DESTDIR),,! dkms status xtcp/$(VERSION) | grep -q . || dkms remove xtcp/$(VERSION) --all)
	rm -rf $(DESTDIR)/usr/src/xtcp-$(VERSION)
	install -d $(DESTDIR)/usr/src/xtcp-$(VERSION)
	cp -r module include Kbuild Makefile $(DESTDIR)/usr/src/xtcp-$(VERSION)
	sed 's/@VERSION@/$(VERSION)/' scripts/dkms.conf >$(DESTDIR)/usr/src/xtcp-$(VERSION)/dkms.conf
	$(if $(DESTDIR),,dkms install -m xtcp -v $(VERSION) -k $(RELEASE))

# The command with what it needs, man pages, completion, examples
TO	= $(DESTDIR)$(PREFIX)
PAGE	= sed -e 's/@VERSION@/$(VERSION)/' -e '/@KNOBS@/ { r /dev/stdin' -e 'd; }'

install-tools:
	install -d $(TO)/bin $(TO)/lib/xtcp/command $(TO)/include/linux $(TO)/share/man/man7 $(TO)/share/man/man8 \
		$(TO)/share/bash-completion/completions $(TO)/share/xtcp/bpftrace $(TO)/share/xtcp/wireshark \
		$(TO)/share/doc/xtcp/examples
	install -m 755 scripts/xtcp $(TO)/bin/xtcp
	install -m 644 scripts/command/*.py $(TO)/lib/xtcp/command
	scripts/knobs.py --json >$(TO)/lib/xtcp/command/texts.json
	$(CC) $(CPPFLAGS) -O2 -Wall $(CFLAGS) $(LDFLAGS) -shared -fPIC -o $(TO)/lib/xtcp/xtcp-preload.so scripts/xtcp-preload.c -ldl
	$(if $(DESTDIR),,python3 -m compileall -q $(TO)/lib/xtcp/command)
	install -m 644 include/uapi/linux/xtcp.h $(TO)/include/linux/xtcp.h
	scripts/knobs.py --man | $(PAGE) scripts/man/xtcp.7 >$(TO)/share/man/man7/xtcp.7
	$(PAGE) scripts/man/xtcp.8 </dev/null >$(TO)/share/man/man8/xtcp.8
	install -m 644 scripts/completion/xtcp $(TO)/share/bash-completion/completions/xtcp
	install -m 644 scripts/bpftrace/*.bt $(TO)/share/xtcp/bpftrace
	install -m 644 scripts/wireshark/xtcp.lua $(TO)/share/xtcp/wireshark
	install -m 644 scripts/examples/*.conf $(TO)/share/doc/xtcp/examples

uninstall-tools:
	rm -rf $(TO)/bin/xtcp $(TO)/lib/xtcp $(TO)/include/linux/xtcp.h $(TO)/share/man/man7/xtcp.7 \
		$(TO)/share/man/man8/xtcp.8 $(TO)/share/bash-completion/completions/xtcp $(TO)/share/xtcp $(TO)/share/doc/xtcp

# xtcp-dkms and xtcp-tools, for Debian and its kin
deb:
	@scripts/deb.sh

test-packages:
	@scripts/test/packages.sh

demo:
	@scripts/demo.sh

test:
	@scripts/test.sh $(PLACES)

kunit:
	@scripts/kunit.sh $(if $(filter-out 0,$(DEBUG)),debug,normal) '$(T)'

# Random segments: N of them, from the round with SEED on (one is drawn), in virtual time; then random socket calls
N	?= 10000000
SEED	?= $(shell shuf -n 1 -i 1-4000000000)

fuzz:
	@scripts/fuzz.sh $(if $(filter-out 0,$(DEBUG)),debug,normal) $(N) $(SEED)

vm:
	@scripts/vm.sh $(KERNEL)

check:
	@scripts/check.sh $(CHECKS)

coverage:
	@scripts/coverage.sh 90

mutants:
	@scripts/mutants.sh $(M)

# Lessons of the prover: P="NAME..." for some, DEEP=1 with larger bounds, JSON=FILE as JSON too, MUTANTS=1 with faults in it
prove:
	@scripts/prove.sh $(if $(filter-out 0,$(MUTANTS)),--mutants,$(if $(filter-out 0,$(DEEP)),--deep) $(if $(JSON),--json $(JSON)) $(P))

bench:
	@scripts/bench.sh $(B)

profile:
	@scripts/profile.sh $(B)

# Questions answered by running them: E names experiments, SET knobs (see scripts/lab/lab.py)
lab:
	@scripts/lab.sh $(SET) $(E)

clean-cache:
	@scripts/clean-cache.sh

help:
	@echo 'For users'
	@echo '  make demo                  what it is, in a minute: in a virtual machine with a stock Debian kernel'
	@echo '  make                       xtcp.ko for the running kernel (KVER=RELEASE or KDIR=DIRECTORY for another)'
	@echo '  make install               xtcp.ko, the command xtcp with its man pages, linux/xtcp.h (PREFIX, DESTDIR)'
	@echo '  make uninstall             the reverse'
	@echo '  make dkms                  xtcp.ko for this kernel and those to come, by dkms(8)'
	@echo '  make deb                   Debian packages: xtcp-dkms and xtcp-tools'
	@echo '  make clean                 remove what make left in this directory'
	@echo '  make lab                   TCP, question by question, each answer measured, and a page of them for a browser'
	@echo '  make lab E=synack-lost     one of them, with its ladder here'
	@echo '  make lab E=syn-lost SET="syn_retries=3 rto_init_ms=200"   with other knobs; SET=client.syn_retries=1 at one side'
	@echo 'For developers (Debian 12; kernels and objects are kept in a cache outside this directory)'
	@echo '  make test                  every test in every place; first run 15 to 40 minutes, later ones less'
	@echo '  make test PLACES="uml 6.12"  a part of the places: uml uml-debug 6.12 6.1 uml-7.3; 7.3'
	@echo '  make kunit                 unit tests in User-Mode Linux, in virtual time: seconds'
	@echo '  make kunit T='\''xtcp_isn*'\''   those of some suites; DEBUG=1: with KASAN, lockdep, kmemleak'
	@echo '  make fuzz N=10000000       random segments, ICMP in every state, readers and writers, socket calls; SEED=... repeats a failure'
	@echo '  make vm KERNEL=6.1         a shell in a virtual machine with the module loaded (6.12, 6.1 or 7.3)'
	@echo '  make check                 linters: checkpatch, W=1, sparse, coccinelle, shellcheck, pylint; CHECKS="sparse shell" for some'
	@echo '  make coverage              what all tests together run through, as a table and as pages; at least 90 % of lines'
	@echo '  make mutants               puts faults into copies of the module, one at a time, and says which the tests see; M=NAME... for some'
	@echo '  make prove                 the state machine, every world of two ends and a bad network; P="NAME..." for some lessons, DEEP=1, MUTANTS=1, JSON=FILE'
	@echo '  make bench                 what work costs, in counted instructions, beside the kernel'\''s TCP; B="NAME..." for some figures'
	@echo '  make profile B=NAME        where the instructions of a figure go, by function, of both'
	@echo '  make test-packages         those packages in a Debian of their own: installed, built for two kernels, removed'
	@echo '  make clean-cache           delete that cache'

.PHONY: all module clean install install-tools uninstall uninstall-tools dkms deb test-packages demo test kunit fuzz vm check \
	coverage mutants prove bench profile lab clean-cache help
