"use strict";
window.addEventListener("load", () => {
  Redoc.init("/openapi.json", { hideLoading: true, disableSearch: false }, document.getElementById("ui"));
});
