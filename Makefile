# SPDX-License-Identifier: GPL-2.0
# xtcp.ko and its tests; `make help` says what there is. Kbuild holds what the kernel's build needs.

KDIR	?= /lib/modules/$(shell uname -r)/build
PREFIX	?= /usr/local
DESTDIR	?=

# Places of the tests, the fastest last (make test), and a kernel of a VM: 6.12, 6.1 (make vm)
PLACES	?= uml-debug 6.12 6.1 uml
KERNEL	?= 6.12

all: module

module:
	@[ -e $(KDIR)/Makefile ] || { echo "no kernel headers in $(KDIR): install those of the kernel you run" \
		"(Debian: apt install linux-headers-$$(uname -r)), or say where others are with KDIR=..." >&2; exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) modules

clean:
	@if [ -e $(KDIR)/Makefile ]; then $(MAKE) -C $(KDIR) M=$(CURDIR) clean; fi
	@find module kunit -name '*.o' -delete -o -name '.*.cmd' -delete -o -name '*.gcno' -delete
	@rm -f *.o *.ko *.mod *.mod.c .*.cmd Module.symvers modules.order

install: module install-tools
	$(MAKE) -C $(KDIR) M=$(CURDIR) INSTALL_MOD_PATH=$(DESTDIR) INSTALL_MOD_STRIP=1 modules_install
	$(if $(DESTDIR),,depmod -a)

install-tools:
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib/xtcp $(DESTDIR)$(PREFIX)/include/linux
	install -m 755 scripts/xtcp $(DESTDIR)$(PREFIX)/bin/xtcp
	install -m 644 include/uapi/linux/xtcp.h $(DESTDIR)$(PREFIX)/include/linux/xtcp.h
	$(CC) -O2 -Wall -shared -fPIC -o $(DESTDIR)$(PREFIX)/lib/xtcp/xtcp-preload.so scripts/xtcp-preload.c -ldl

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

clean-cache:
	@scripts/clean-cache.sh

help:
	@echo 'For users'
	@echo '  make demo                  what it is, in a minute: in a virtual machine with a stock Debian kernel'
	@echo '  make                       xtcp.ko for the running kernel (KDIR=... for another)'
	@echo '  make install               xtcp.ko, the command xtcp and linux/xtcp.h (PREFIX, DESTDIR)'
	@echo '  make clean                 remove what make left in this directory'
	@echo 'For developers (Debian 12; kernels and objects are kept in a cache outside this directory)'
	@echo '  make test                  every test in every place; first run 15 to 40 minutes, later ones less'
	@echo '  make test PLACES="uml 6.12"  a part of the places: uml uml-debug 6.12 6.1'
	@echo '  make kunit                 unit tests in User-Mode Linux, in virtual time: seconds'
	@echo '  make kunit T='\''xtcp_isn*'\''   those of some suites; DEBUG=1: with KASAN, lockdep, kmemleak'
	@echo '  make fuzz N=10000000       random segments, ICMP in every state, readers and writers, socket calls; SEED=... repeats a failure'
	@echo '  make vm KERNEL=6.1         a shell in a virtual machine with the module loaded (6.12 or 6.1)'
	@echo '  make check                 linters: checkpatch, W=1, sparse, coccinelle, shellcheck, pylint; CHECKS="sparse shell" for some'
	@echo '  make coverage              what all tests together run through, as a table and as pages; at least 90 % of lines'
	@echo '  make mutants               puts faults into copies of the module, one at a time, and says which the tests see; M=NAME... for some'
	@echo '  make clean-cache           delete that cache'

.PHONY: all module clean install install-tools demo test kunit fuzz vm check coverage mutants clean-cache help
