/* Every page works without this file. It shows the copy buttons and makes them work. */
document.documentElement.classList.add("js");
document.addEventListener("click", function (event) {
  var button = event.target.closest("[data-copy]");
  if (!button || !navigator.clipboard) return;
  var text = document.getElementById(button.dataset.copy).textContent.replace(/\s/g, "");
  navigator.clipboard.writeText(text).then(function () {
    var before = button.innerHTML;
    button.textContent = button.dataset.copied || "Copied";
    setTimeout(function () { button.innerHTML = before; }, 2000);
  });
});
