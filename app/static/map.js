// The map's canvas: points, the one under the pointer, a box drawn around some. Records travel as ids, names as text.
(() => {
  "use strict";
  const NEAR = 9, PAD = 14;

  document.addEventListener("drawn", (event) => {
    const canvas = event.target.querySelector?.("canvas.map-plot");
    if (canvas && event.detail?.data) plot(canvas, event.detail.data, event.detail.send);
    const data = event.detail?.data;
    if (data) event.target.querySelectorAll("#map-key .swatch").forEach((swatch, k) => { swatch.style.background = data.colours[k]; });
  });

  function plot(canvas, data, send) {
    const context = canvas.getContext("2d"), ratio = Math.min(window.devicePixelRatio || 1, 2);
    let width = 0, height = 0, over = -1, box = null, begun = null;
    const x = (k) => PAD + data.points[k][0] * (width - 2 * PAD), y = (k) => PAD + (1 - data.points[k][1]) * (height - 2 * PAD);

    function size() {
      width = canvas.clientWidth;
      height = Math.max(320, Math.min(600, width * 0.6));
      canvas.width = width * ratio;
      canvas.height = height * ratio;
      canvas.style.height = height + "px";
      paint();
    }
    function paint() {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      context.globalAlpha = data.points.length > 1500 ? 0.6 : 0.85;
      const radius = data.points.length > 1500 ? 2.6 : data.points.length > 300 ? 4 : 6;
      for (const last of [true, false]) { // what has no colour of its own lies below
        for (let k = 0; k < data.points.length; k++) {
          const colour = data.points[k][2];
          if ((colour === data.colours.length - 1) !== last) continue;
          context.fillStyle = data.colours[colour];
          context.beginPath();
          context.arc(x(k), y(k), radius, 0, 7);
          context.fill();
        }
      }
      context.globalAlpha = 1;
      const ink = getComputedStyle(canvas).color;
      if (over >= 0) { context.strokeStyle = ink; context.lineWidth = 2; context.beginPath(); context.arc(x(over), y(over), radius + 3, 0, 7); context.stroke(); }
      if (box) { context.strokeStyle = ink; context.setLineDash([5, 4]); context.strokeRect(box[0], box[1], box[2] - box[0], box[3] - box[1]); context.setLineDash([]); }
    }
    function place(event) { const frame = canvas.getBoundingClientRect(); return [event.clientX - frame.left, event.clientY - frame.top]; }
    function nearest(px, py) {
      let best = -1, least = NEAR * NEAR;
      for (let k = 0; k < data.points.length; k++) {
        const d = (x(k) - px) ** 2 + (y(k) - py) ** 2;
        if (d < least) { least = d; best = k; }
      }
      return best;
    }
    canvas.addEventListener("pointerdown", (event) => { begun = place(event); canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      const [px, py] = place(event);
      if (begun && Math.hypot(px - begun[0], py - begun[1]) > 6) box = [Math.min(begun[0], px), Math.min(begun[1], py), Math.max(begun[0], px), Math.max(begun[1], py)];
      over = box ? -1 : nearest(px, py);
      canvas.title = over >= 0 ? data.labels[data.points[over][2]] : "";
      paint();
    });
    canvas.addEventListener("pointerup", (event) => {
      const [px, py] = place(event), inside = [];
      if (box) {
        for (let k = 0; k < data.points.length; k++) if (x(k) >= box[0] && x(k) <= box[2] && y(k) >= box[1] && y(k) <= box[3]) inside.push(data.records[k]);
      } else if (nearest(px, py) >= 0) inside.push(data.records[nearest(px, py)]);
      begun = null;
      box = null;
      paint();
      if (inside.length) send({ do: "chosen", records: inside.slice(0, 60), inside: inside.length });
    });
    canvas.addEventListener("keydown", (event) => { // point to point by keyboard, left to right
      if (event.key !== "ArrowRight" && event.key !== "ArrowLeft" && event.key !== "Enter") return;
      event.preventDefault();
      event.stopPropagation();
      const order = [...data.points.keys()].sort((a, b) => data.points[a][0] - data.points[b][0]);
      if (event.key === "Enter") { if (over >= 0) send({ do: "chosen", records: [data.records[over]], inside: 1 }); return; }
      const at = order.indexOf(over), step = event.key === "ArrowRight" ? 1 : -1;
      over = order[(at + step + order.length) % order.length];
      paint();
    });
    new ResizeObserver(size).observe(canvas);
    size();
  }
})();
