# The commands that people and CI call.  Only Python 3.11 or later is needed; with
# a C compiler the kernel is compiled, without one it runs in Python.
#
#   make demo   a tour on real data, compared with sqlalchemy.orm and the driver
#   make test   the whole test suite

PYTHON ?= python3
VENV   ?= .venv
SHARED ?= ../shared
TESTS  ?= tests
TEST_GROUP ?= test
PYTEST_ARGS ?= -n auto --dist loadgroup

ifeq ($(OS),Windows_NT)
PY := $(VENV)/Scripts/python.exe
else
PY := $(VENV)/bin/python
endif
STAMPS := $(VENV)/.stamps
PIP := $(PY) -m pip --disable-pip-version-check -qq
KERNEL := $(wildcard src/_speedups/*.py* src/ormolu/_speedups/*.pxd)

# A change of one of these switches builds the kernel anew.
SETTINGS := CC=$(if $(filter environment command,$(firstword $(origin CC))),$(CC)) \
  PURE=$(ORMOLU_PURE) REQUIRE=$(ORMOLU_REQUIRE_EXT) DEBUG=$(ORMOLU_DEBUG_BUILD) \
  CFLAGS=$(CFLAGS)

# Removes this interpreter's libraries; another environment may use the others.
FORGET := import glob, os, sysconfig; \
  end = sysconfig.get_config_var("EXT_SUFFIX"); \
  [os.remove(f) for f in glob.glob("src/ormolu/_speedups/*" + end)]

.PHONY: demo test test-pure bench conformance doctests lint format types build info \
  clean FORCE
.DEFAULT_GOAL := test

demo: $(STAMPS)/build $(STAMPS)/group-demo
	$(PY) -m bench.demo $(ARGS)

test: $(STAMPS)/build $(STAMPS)/group-$(TEST_GROUP)
	$(PY) -m pytest $(PYTEST_ARGS) $(TESTS)

test-pure: $(STAMPS)/build $(STAMPS)/group-$(TEST_GROUP)
	ORMOLU_IMPL=python $(PY) -m pytest $(PYTEST_ARGS) -m "not slow" $(TESTS)

bench: $(STAMPS)/build $(STAMPS)/group-bench
	$(PY) -m bench $(ARGS)

# ARGS="--files test/orm/test_session.py" for a part of it
conformance: $(STAMPS)/build $(STAMPS)/group-$(TEST_GROUP)
	$(PY) -m tests.conformance.ratchet check --shared $(SHARED) $(ARGS)

doctests: $(STAMPS)/build $(STAMPS)/group-$(TEST_GROUP)
	$(PY) -m tests.conformance.doctests check --shared $(SHARED) $(ARGS)

lint: $(STAMPS)/group-lint
	$(PY) -m ruff check
	$(PY) -m ruff format --check

format: $(STAMPS)/group-lint
	$(PY) -m ruff check --fix
	$(PY) -m ruff format

types: $(STAMPS)/project $(STAMPS)/group-types
	$(PY) -m mypy

info: $(STAMPS)/build
	$(PY) -m ormolu info

build: $(STAMPS)/build

clean:
	rm -rf $(VENV) build dist src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
	find $(wildcard src tests bench) -name __pycache__ -prune -exec rm -rf {} +
	find src \( -name '*.so' -o -name '*.pyd' -o -name '*.c' \) -delete

# The environment, in steps that are done again only when what they depend on has
# changed.  pip's --group needs pip 25.1, hence the upgrade.
$(STAMPS)/venv:
	@echo "creating $(VENV)"
	@$(PYTHON) -c 'import sys; v = sys.version_info; v >= (3, 11) or sys.exit("Ormolu needs Python 3.11 or later, %s is %d.%d: make PYTHON=..." % (sys.executable, v[0], v[1]))'
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade "pip>=25.1"
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/group-%: pyproject.toml | $(STAMPS)/venv
	@echo "installing what 'make $*' needs"
	@$(PIP) install --group $*
	@touch $@

# The package and its dependencies, linked to the checkout; the kernel comes next,
# so that the compiler's warnings are not hidden by pip.
$(STAMPS)/project: pyproject.toml setup.py | $(STAMPS)/venv $(STAMPS)/group-build
	@echo "installing Ormolu, linked to this checkout"
	@ORMOLU_PURE=1 ORMOLU_REQUIRE_EXT= $(PIP) install --no-build-isolation --editable .
	@touch $@

$(STAMPS)/settings: FORCE | $(STAMPS)/venv
	@echo '$(SETTINGS)' | cmp -s - $@ || echo '$(SETTINGS)' > $@

$(STAMPS)/build: $(STAMPS)/project $(STAMPS)/settings $(KERNEL)
	@echo "building the kernel"
	@test ! $(STAMPS)/settings -nt $@ || { rm -rf build; $(PY) -c '$(FORGET)'; }
	@$(PY) setup.py --quiet build_ext --inplace
	@$(PY) -m ormolu info
	@touch $@
