# Two images from one file, neither of which needs the network at run time:
#   docker build --target cpu  -t charassets:cpu .
#   docker build --target cuda -t charassets:cuda .
# The models of the mini profile are in the package. Others are mounted: /data is the workspace, models are named by path there.

ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS base
ENV PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PATH=/opt/venv/bin:$PATH
RUN python -m venv /opt/venv

FROM base AS source
WORKDIR /build
COPY requirements.lock pyproject.toml README.md LICENSE ./
COPY app app
COPY charassets charassets

FROM source AS built-cuda
RUN pip install --constraint requirements.lock '.[postgres]'

# PyTorch's own wheels for processors spare three gigabytes of CUDA libraries.
FROM source AS built-cpu
ARG TORCH_WHEELS=https://download.pytorch.org/whl/cpu
RUN grep -E '^(torch|torchvision)==' requirements.lock > torch.txt \
    && pip install --index-url "${TORCH_WHEELS}" --requirement torch.txt \
    && pip install --constraint requirements.lock '.[openvino,postgres]'

FROM base AS runtime
ENV CHARASSETS_WORKSPACE=/data \
    DAGSTER_HOME=/data/dagster \
    HF_HUB_OFFLINE=1 \
    HOME=/home/charassets
RUN useradd --create-home --uid 1000 charassets \
    && install -d -o charassets -g charassets /data /srv/charassets
WORKDIR /srv/charassets
COPY workspace.yaml ./
COPY deploy/dagster.yaml deploy/entry ./
USER 1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
ENTRYPOINT ["sh", "/srv/charassets/entry"]
CMD ["serve"]

FROM runtime AS cuda
COPY --from=built-cuda /opt/venv /opt/venv

FROM runtime AS cpu
COPY --from=built-cpu /opt/venv /opt/venv
