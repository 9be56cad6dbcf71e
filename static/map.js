/* Opens the map of components/_map.html when asked: loads Leaflet, draws the page's dots and outlines, and,
   where the page edits one, fills its fields. Every page works without this file. */
(function () {
  if (window.mpmMaps) return;
  window.mpmMaps = true;
  var loading;

  function load(box) {
    if (loading) return loading;
    box.dataset.styles.split(" ").forEach(function (address) {
      var link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = address;
      document.head.append(link);
    });
    loading = new Promise(function (done, failed) {
      var script = document.createElement("script");
      script.src = box.dataset.leaflet;
      script.onload = done;
      script.onerror = function () { loading = null; failed(); };
      document.head.append(script);
    });
    return loading;
  }

  function words(dot) {
    var all = document.createElement("div"), name = document.createElement(dot.url ? "a" : "strong");
    name.textContent = dot.label;
    if (dot.url) name.href = dot.url;
    all.append(name);
    if (dot.text) all.append(document.createElement("br"), dot.text);
    return all;
  }

  function plain(text) {
    var span = document.createElement("span");
    span.textContent = text;
    return span.innerHTML;
  }

  function note(box, text) {
    var said = box.querySelector("[role=status]");
    if (!said) {
      said = document.createElement("p");
      said.className = "small soft mt-1 mb-0";
      said.setAttribute("role", "status");
      box.append(said);
    }
    said.textContent = text;
  }

  function tiles(box, map, data) {
    if (!data.tiles) return;
    var layer = L.tileLayer(data.tiles, {
      attribution: plain(data.credit), maxZoom: 19, referrerPolicy: "strict-origin"
    });
    var came = false;
    layer.on("tileload", function () { came = true; });
    layer.on("tileerror", function () { if (!came) note(box, box.dataset.noTiles); });
    layer.addTo(map);
  }

  function draw(map, data, bounds) {
    data.areas.forEach(function (area) {
      var drawn = L.polygon(area.corners, { className: "outline", interactive: false }).addTo(map);
      bounds.extend(drawn.getBounds());
    });
    var most = Math.max.apply(null, data.dots.map(function (dot) { return dot.weight; }).concat(1));
    data.dots.forEach(function (dot) {
      var radius = Math.max(6, 15 * Math.sqrt(dot.weight / most));
      L.circleMarker(dot.at, { radius: radius, className: "spot " + dot.tone })
        .bindPopup(words(dot)).bindTooltip(plain(dot.label)).addTo(map);
      bounds.extend(dot.at);
    });
  }

  function fix(value) { return value.toFixed(6).replace(/\.?0+$/, ""); }

  function handle(kind) {
    return L.divIcon({ className: "handle " + kind, iconSize: kind === "middle" ? [14, 14] : [22, 22] });
  }

  function number(text) {
    return parseFloat(text.trim().replace("\u2212", "-").replace(",", "."));
  }

  /* One point: drag it, or press where it belongs. The fields and the map follow each other. */
  function editPoint(box, map, bounds) {
    var latitude = document.getElementById(box.dataset.latitude);
    var longitude = document.getElementById(box.dataset.longitude);
    var marker = null;
    function put(at) {
      if (!marker) {
        marker = L.marker(at, { icon: handle("pin"), draggable: true, autoPan: true }).addTo(map);
        marker.on("dragend", function () { say(marker.getLatLng()); });
      }
      marker.setLatLng(at);
    }
    function say(at) {
      at = at.wrap();
      latitude.value = fix(at.lat);
      longitude.value = fix(at.lng);
    }
    function read() {
      var at = [number(latitude.value), number(longitude.value)];
      if (Math.abs(at[0]) <= 90 && Math.abs(at[1]) <= 180) { put(at); return at; }
    }
    map.on("click", function (event) { put(event.latlng); say(event.latlng); });
    [latitude, longitude].forEach(function (field) {
      field.addEventListener("change", function () { var at = read(); if (at) map.panTo(at); });
    });
    var at = read();
    if (at) bounds.extend(at);
    return at;
  }

  /* One outline: press to add a corner, drag corners and the small handles between them, press a corner to
     take it away. */
  function editOutline(box, map, bounds) {
    var field = document.getElementById(box.dataset.outline);
    var corners = [], drawn = L.layerGroup().addTo(map);
    var shape = L.polygon([], { className: "outline", interactive: false }).addTo(map);
    function read() {
      corners = field.value.split("\n").map(function (line) {
        return line.split(/[,;\s]+/).filter(Boolean).map(number);
      }).filter(function (pair) {
        return pair.length === 2 && Math.abs(pair[0]) <= 90 && Math.abs(pair[1]) <= 180;
      }).map(function (pair) { return L.latLng(pair); });
      show();
    }
    function say() {
      field.value = corners.map(function (at) { return fix(at.lat) + ", " + fix(at.lng); }).join("\n");
    }
    function changed() { say(); show(); }
    function corner(at, index) {
      var one = L.marker(at, { icon: handle("corner"), draggable: true, autoPan: true }).addTo(drawn);
      one.on("drag", function () { corners[index] = one.getLatLng().wrap(); shape.setLatLngs(corners); });
      one.on("dragend", changed);
      one.on("click", function () { corners.splice(index, 1); changed(); });
    }
    function middle(index) {
      var next = corners[(index + 1) % corners.length], at = corners[index];
      var between = L.latLng((at.lat + next.lat) / 2, (at.lng + next.lng) / 2);
      var one = L.marker(between, { icon: handle("middle"), draggable: true, autoPan: true }).addTo(drawn);
      function add(event) { corners.splice(index + 1, 0, one.getLatLng().wrap()); changed(); }
      one.on("dragend", add);
      one.on("click", add);
    }
    function show() {
      drawn.clearLayers();
      shape.setLatLngs(corners);
      corners.forEach(corner);
      if (corners.length > 2) corners.forEach(function (at, index) { middle(index); });
    }
    map.on("click", function (event) { corners.push(event.latlng.wrap()); changed(); });
    field.addEventListener("change", read);
    read();
    if (corners.length) bounds.extend(shape.getBounds());
  }

  function open(box) {
    var data = JSON.parse(document.getElementById(box.dataset.map).textContent);
    var ground = document.createElement("div"), drawing = box.querySelector("svg.map");
    ground.className = "ground";
    if (drawing) drawing.replaceWith(ground); else box.prepend(ground);
    var map = L.map(ground, { maxZoom: 19, doubleClickZoom: !box.dataset.edit });
    map.attributionControl.setPrefix(false);
    L.control.scale({ imperial: false }).addTo(map);
    var bounds = L.latLngBounds([]);
    map.setView(data.start || [0, 0], data.start ? data.zoom : 2);
    draw(map, data, bounds);
    if (box.dataset.edit === "point") editPoint(box, map, bounds);
    if (box.dataset.edit === "outline") editOutline(box, map, bounds);
    if (bounds.isValid()) map.fitBounds(bounds.pad(0.1), { maxZoom: 15 });
    tiles(box, map, data);
    ground.mpmMap = map;
  }

  document.addEventListener("click", function (event) {
    var button = event.target.closest("[data-map-open]");
    if (!button) return;
    var box = button.closest("[data-map]");
    button.disabled = true;
    load(box).then(function () {
      open(box);
      button.parentNode.remove();
    }, function () {
      button.disabled = false;
      note(box, box.dataset.failed);
    });
  });
})();
