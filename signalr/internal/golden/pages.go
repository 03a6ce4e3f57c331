package golden

import "net/http"

// page is the origin that may call the recorded hub from a browser.
const page = "http://page.example"

// allowPage does for next what the recorded server's CORS policy did: page may
// send any header and method with credentials, everybody else is served
// without a word of it (CORS-01, CORS-02).
func allowPage(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		if origin == page {
			w.Header().Set("Access-Control-Allow-Origin", page)
			w.Header().Set("Access-Control-Allow-Credentials", "true")
		}
		method := r.Header.Get("Access-Control-Request-Method")
		if r.Method != http.MethodOptions || origin == "" || method == "" {
			next.ServeHTTP(w, r)
			return
		}
		if origin == page {
			w.Header().Set("Access-Control-Allow-Methods", method)
			w.Header().Set("Access-Control-Allow-Headers", r.Header.Get("Access-Control-Request-Headers"))
		}
		w.WriteHeader(http.StatusNoContent)
	})
}
