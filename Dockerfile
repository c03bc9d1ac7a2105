# longthought with the bundled agents, the viewer, CPU torch, and bubblewrap for the sandbox.
#
#   docker build --tag longthought .
#   docker run --rm --security-opt seccomp=unconfined --security-opt apparmor=unconfined longthought doctor
#
# The two options are for the sandbox: bubblewrap makes namespaces and mounts, which Docker's own filter and AppArmor
# profile forbid. Without them the sandbox is Landlock, if the kernel of the host has it. See docs/tools.md.
#
# With CUDA: --build-arg TORCH_INDEX=https://pypi.org/simple. With more parts: --build-arg EXTRAS=local,viewer,train.

FROM python:3.13-slim-trixie AS build
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir --constraint constraints.txt build \
    && python -m build --wheel --outdir /wheels .

FROM python:3.13-slim-trixie
ARG EXTRAS=local,viewer
ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
# The distribution's own version of bubblewrap gets its security updates.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends bubblewrap \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 debater \
    && install --directory --mode 1777 /work
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    --mount=type=bind,source=constraints.txt,target=/constraints.txt \
    pip install --no-cache-dir --constraint /constraints.txt --index-url "$TORCH_INDEX" \
        --extra-index-url https://pypi.org/simple torch \
    && pip install --no-cache-dir --constraint /constraints.txt "$(echo /wheels/longthought-*.whl)[$EXTRAS]"
ENV OMP_NUM_THREADS=1
USER 1000
WORKDIR /work
ENTRYPOINT ["longthought"]
CMD ["--help"]
