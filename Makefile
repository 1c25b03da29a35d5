# The extension, by PGXS: make, sudo make install, make installcheck PGPORT=…
# The PostgreSQL-free core with its unit tests builds by CMake as well.
EXTENSION = cdp
EXTVERSION = 0.1.0
MODULE_big = cdp

# The rooms, lowest floor first; the install script is their .sql files in this order.
ROOMS = base pg bitmap event profile timeline session rule segment analysis decision worker

SOURCES = $(sort $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.cpp)))
OBJS = $(SOURCES:.cpp=.o)
SQL_PARTS = $(foreach room,$(ROOMS),$(sort $(wildcard src/$(room)/*.sql)))

VERSION_SCRIPT = cdp--$(EXTVERSION).sql
DATA_built = $(VERSION_SCRIPT)
DATA = $(wildcard sql/update/*.sql)

REGRESS = $(patsubst sql/%.sql,%,$(sort $(wildcard sql/*.sql)))
ISOLATION = $(patsubst test/isolation/specs/%.spec,%,$(sort $(wildcard test/isolation/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test/isolation
EXTRA_CLEAN = $(VERSION_SCRIPT) $(wildcard test/border/*.o test/border/*.d test/border/*.so test/standin/*.o test/standin/*.so) $(SOURCES:.cpp=.d) $(SOURCES:.cpp=.bc)

PG_CONFIG ?= pg_config
PKG_CONFIG ?= pkg-config

ifeq (,$(filter clean distclean maintainer-clean,$(MAKECMDGOALS)))
ifneq (yes,$(shell $(PKG_CONFIG) --atleast-version=4.6 roaring 2>/dev/null && echo yes))
$(error CRoaring 4.6 or newer was not found by pkg-config; on Debian run 'sudo ./dev setup', elsewhere see docs/install.md)
endif
ifneq (yes,$(shell $(PKG_CONFIG) --atleast-version=3.11 nlohmann_json 2>/dev/null && echo yes))
$(error nlohmann_json 3.11 or newer was not found by pkg-config; on Debian: sudo apt-get install nlohmann-json3-dev)
endif
ifneq (yes,$(shell $(PKG_CONFIG) --exists re2 2>/dev/null && echo yes))
$(error RE2 was not found by pkg-config; on Debian: sudo apt-get install libre2-dev)
endif
ifneq (yes,$(shell $(PKG_CONFIG) --atleast-version=3.0 simdjson 2>/dev/null && echo yes))
$(error simdjson 3.0 or newer was not found by pkg-config; on Debian: sudo apt-get install libsimdjson-dev)
endif
ifneq (yes,$(shell $(PKG_CONFIG) --atleast-version=0.8 libxxhash 2>/dev/null && echo yes))
$(error xxHash 0.8 or newer was not found by pkg-config; on Debian: sudo apt-get install libxxhash-dev)
endif
ifneq (yes,$(shell $(PKG_CONFIG) --atleast-version=1.4 libzstd 2>/dev/null && echo yes))
$(error zstd 1.4 or newer was not found by pkg-config; on Debian: sudo apt-get install libzstd-dev)
endif
# Valijson is headers alone and pkg-config does not know it.
ifneq (yes,$(shell $(CXX) $(VALIJSON_CPPFLAGS) -E -x c++ -include valijson/constraint_builder.hpp /dev/null >/dev/null 2>&1 && echo yes))
$(error The headers of Valijson 1.0 or newer were not found; on Debian: sudo apt-get install libvalijson-dev; elsewhere name their folder: make VALIJSON_CPPFLAGS='-isystem /path')
endif
endif

PG_CPPFLAGS = -Isrc $(VALIJSON_CPPFLAGS) $(shell $(PKG_CONFIG) --cflags roaring nlohmann_json re2 simdjson libxxhash libzstd)
PG_CXXFLAGS = -std=c++20 -Wall -Wextra -Wno-register -Wno-unused-parameter -fvisibility-inlines-hidden $(if $(CI),-Werror -g1)
SHLIB_LINK = $(shell $(PKG_CONFIG) --libs roaring re2 simdjson libxxhash libzstd) -lstdc++

PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# The server's headers are C and not ours to warn about.
override CPPFLAGS := $(patsubst -I$(includedir_server),-isystem $(includedir_server),$(CPPFLAGS))
COMPILE.cxx.bc += $(PG_CXXFLAGS)

# PGXS knows no dependencies on headers here (--disable-dependency-tracking).
%.o: %.cpp
	$(CXX) $(CXXFLAGS) $(CPPFLAGS) -MMD -MP -MF $(@:.o=.d) -c -o $@ $<
-include $(SOURCES:.cpp=.d)

# The module of test/tap/border.t, built from these objects and installed below DESTDIR; it does not ship.
.PHONY: border-test-module
border-test-module: $(filter src/base/% src/pg/%,$(OBJS))
	$(MAKE) -C test/border install PG_CONFIG='$(PG_CONFIG)' DESTDIR='$(DESTDIR)'

# The modules of test/tap/coexistence.t.
.PHONY: standin-test-modules
standin-test-modules:
	$(MAKE) -C test/standin install PG_CONFIG='$(PG_CONFIG)' DESTDIR='$(DESTDIR)'

$(VERSION_SCRIPT): $(SQL_PARTS) Makefile
	{ printf '%s\n' '\echo Use "CREATE EXTENSION cdp" to load this file. \quit'; \
	  for part in $(SQL_PARTS); do printf '\n-- %s\n' "$$part"; cat "$$part"; done; } > $@.new
	mv $@.new $@
