import com.microsoft.signalr.HubConnection;
import com.microsoft.signalr.HubConnectionState;
import io.reactivex.rxjava3.core.Observable;
import io.reactivex.rxjava3.core.Single;
import io.reactivex.rxjava3.disposables.Disposable;
import io.reactivex.rxjava3.subjects.ReplaySubject;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The cases of the matrix, with the hub of the recordings. That one returns is
 * that it passed. Those that the client has nothing to try with are not here:
 * it does not connect again by itself.
 */
final class Cases {
    interface Body {
        void run(Cell cell) throws Exception;
    }

    static final class Point {
        int x;
        int y;
        String label;

        Point(int x, int y, String label) {
            this.x = x;
            this.y = y;
            this.label = label;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Point && other.toString().equals(toString());
        }

        @Override
        public int hashCode() {
            return Objects.hash(x, y, label);
        }

        @Override
        public String toString() {
            return x + " " + y + " " + label;
        }
    }

    static final class Everything {
        boolean flag;
        int number;
        long large;
        double real;
        String missing;
        List<Integer> list;
        Map<String, Integer> map;
        Point inner;
    }

    private Cases() {}

    static Map<String, Body> all() {
        Map<String, Body> cases = new LinkedHashMap<>();
        addValues(cases);
        addErrors(cases);
        addStreams(cases);
        addCallbacks(cases);
        addConnections(cases);
        return cases;
    }

    private static void addValues(Map<String, Body> cases) {
        cases.put("invoke", cell -> {
            HubConnection hub = cell.open();
            List<Single<Integer>> sums = numbers(20).stream().map(n -> hub.invoke(Integer.class, "Add", n, n)).collect(Collectors.toList());
            same("sums", Single.concat(sums).toList().blockingGet(), numbers(20).stream().map(n -> 2 * n).collect(Collectors.toList()));
            same("a name in another case", hub.invoke(String.class, "eCHO", "hi").blockingGet(), "hi");
        });
        cases.put("void", cell -> {
            HubConnection hub = cell.open();
            hub.invoke("Nothing").blockingAwait();
            hub.invoke("NothingAsync").blockingAwait();
        });
        cases.put("send", cell -> {
            HubConnection hub = cell.open();
            BlockingQueue<Integer> told = new LinkedBlockingQueue<>();
            hub.on("told", (i, text, point) -> told.add(i), Integer.class, String.class, Point.class);
            hub.send("CallMe", "told", 1);
            same("told", told.take(), 0);
        });
        cases.put("text", cell -> {
            HubConnection hub = cell.open();
            for (String text : List.of("", "é中\uD83D\uDE00<&'\"\\\u2028\0\n", "\u001e")) {
                same("echo", hub.invoke(String.class, "Echo", text).blockingGet(), text);
            }
        });
        cases.put("objects", cell -> {
            HubConnection hub = cell.open();
            same("point", hub.invoke(Point.class, "EchoPoint", new Point(1, -2, "é")).blockingGet(), new Point(1, -2, "é"));
            Map<String, Object> anything = Map.of("list", List.of(1.0, List.of(2.5, "x")), "deep", Map.of("yes", true));
            same("anything", hub.invoke(Map.class, "EchoAny", anything).blockingGet(), anything);
            Everything all = hub.invoke(Everything.class, "GetEverything").blockingGet();
            same("everything", List.of(all.flag, all.number, all.large, all.real, all.list, all.map, all.inner),
                List.of(true, -32769, 9007199254740993L, 1.5, List.of(1, 2, 3), Map.of("one", 1), new Point(3, 4, "in")));
            same("missing", all.missing, null);
        });
        cases.put("bytes", cell -> same("bytes as base64", cell.open().invoke(String.class, "EchoBytes", "AAF/gP8=").blockingGet(), "AAF/gP8="));
        cases.put("time", cell -> {
            String when = "2026-03-01T12:34:56.789Z";
            same("time as text", cell.open().invoke(String.class, "EchoTime", when).blockingGet(), when);
        });
        cases.put("null", cell -> {
            HubConnection hub = cell.open();
            same("null member", hub.invoke(Point.class, "EchoPoint", new Point(1, 2, null)).blockingGet(), new Point(1, 2, null));
            hub.invoke("EchoNullable", new Object[] {null}).blockingAwait();
            same("null result", hub.invoke(String.class, "Null").timeout(3, TimeUnit.SECONDS).blockingGet(), null);
        });
        cases.put("big-download", cell -> same("length", cell.open().invoke(String.class, "Big", 900000).blockingGet().length(), 900000));
        cases.put("big-upload", cell -> {
            String text = "x".repeat(32 * 1024 - 128);
            same("length", cell.open().invoke(String.class, "Echo", text).blockingGet().length(), text.length());
        });
    }

    private static void addErrors(Map<String, Body> cases) {
        cases.put("hub-error", cell -> {
            HubConnection hub = cell.open();
            same("error", refused(hub.invoke("ThrowHub")::blockingAwait), "An unexpected error occurred invoking 'ThrowHub' on the server. HubException: for the client");
            same("still there", hub.invoke(Integer.class, "Add", 1, 2).blockingGet(), 3);
        });
        cases.put("error", cell -> {
            String text = "An unexpected error occurred invoking 'Throw' on the server.";
            same("error", refused(cell.open().invoke("Throw")::blockingAwait), text);
            same("with details", refused(cell.open("/detailed").invoke("Throw")::blockingAwait), text + " InvalidOperationException: secret detail");
        });
        cases.put("unknown-method", cell -> {
            HubConnection hub = cell.open();
            same("error", refused(hub.invoke("Missing", 1)::blockingAwait), "Failed to invoke 'Missing' due to an error on the server. HubException: Method does not exist.");
            same("forbidden", refused(hub.invoke("Forbidden")::blockingAwait), "Failed to invoke 'Forbidden' because user is unauthorized");
        });
        cases.put("too-big", cell -> {
            HubConnection hub = cell.open();
            BlockingQueue<String> end = Cell.closed(hub);
            refused(hub.invoke("Echo", "x".repeat(32 * 1024))::blockingAwait);
            same("closed", end.take(), "Connection closed with an error.");
        });
    }

    private static void addStreams(Map<String, Body> cases) {
        cases.put("stream", cell -> {
            HubConnection hub = cell.open();
            same("items", hub.stream(Integer.class, "Count", 100).toList().blockingGet(), numbers(100));
            same("no items", hub.stream(Integer.class, "Count", 0).toList().blockingGet(), List.of());
        });
        cases.put("stream-error", cell -> {
            List<Integer> items = Collections.synchronizedList(new ArrayList<>());
            Observable<Integer> stream = cell.open().stream(Integer.class, "CountThenThrowHub", 3);
            same("error", refused(stream.doOnNext(items::add).ignoreElements()::blockingAwait), "An error occurred on the server while streaming results. HubException: for the client");
            same("items", items, numbers(3));
        });
        cases.put("stream-cancel", cell -> {
            HubConnection hub = cell.open();
            BlockingQueue<Integer> first = new LinkedBlockingQueue<>();
            Disposable stream = hub.stream(Integer.class, "CountForever").subscribe(first::add, error -> { });
            same("first", first.take(), 0);
            stream.dispose();
            until(() -> hub.invoke(Boolean.class, "WasCancelled").blockingGet());
        });
        cases.put("upload", cell -> same("sum", cell.open().invoke(Integer.class, "Sum", subject(numbers(100))).blockingGet(), 4950));
        cases.put("uploads", cell -> same("text",
            cell.open().invoke(String.class, "Concat", "p:", subject(List.of("a", "b")), subject(List.of("c", "d"))).blockingGet(), "p:abcd"));
        cases.put("upload-and-stream", cell -> same("doubles", cell.open().stream(Integer.class, "Double", subject(numbers(50))).toList().blockingGet(),
            numbers(50).stream().map(n -> 2 * n).collect(Collectors.toList())));
    }

    private static void addCallbacks(Map<String, Body> cases) {
        cases.put("client-result", cell -> {
            HubConnection hub = cell.open();
            hub.onWithResult("answer", question -> Single.just(question + " blue"), String.class);
            hub.onWithResult("number", () -> Single.just(42));
            same("answer", hub.invoke(String.class, "AskClient", "colour?").blockingGet(), "the client said colour? blue");
            same("number", hub.invoke(Integer.class, "AskClientNumber").blockingGet(), 42);
        });
        cases.put("client-result-error", cell -> {
            HubConnection hub = cell.open("/detailed");
            hub.onWithResult("answer", question -> Single.error(new Exception("do not know")), String.class);
            contains(refused(hub.invoke("AskClient", "colour?")::blockingAwait), "do not know");
            contains(refused(cell.open("/detailed").invoke("AskClient", "colour?")::blockingAwait), "Client failed to parse argument(s)."); // its words for no handler
        });
        cases.put("callbacks", cell -> {
            HubConnection hub = cell.open();
            List<String> got = Collections.synchronizedList(new ArrayList<>());
            hub.on("counted", (i, text, point) -> got.add(i + " " + text + " " + point), Integer.class, String.class, Point.class);
            hub.invoke("CallMe", "counted", 100).blockingAwait();
            until(() -> got.size() >= 100);
            same("in order", got, numbers(100).stream().map(i -> i + " number " + i + " " + new Point(i, -i, null)).collect(Collectors.toList()));
            BlockingQueue<String> bare = new LinkedBlockingQueue<>();
            hub.on("noArguments", () -> bare.add("called"));
            hub.invoke("CallMeNoArguments").blockingAwait();
            same("without arguments", bare.take(), "called");
        });
        cases.put("groups", cell -> {
            HubConnection a = cell.open();
            HubConnection b = cell.open();
            List<String> atA = Collections.synchronizedList(new ArrayList<>());
            List<String> atB = Collections.synchronizedList(new ArrayList<>());
            a.on("message", atA::add, String.class);
            b.on("message", atB::add, String.class);
            String group = "group-" + a.getConnectionId();
            a.invoke("Join", group).blockingAwait();
            b.invoke("Join", group).blockingAwait();
            a.invoke("ToGroup", group, "to all").blockingAwait();
            a.invoke("ToOthersInGroup", group, "to others").blockingAwait();
            b.invoke("Leave", group).blockingAwait();
            a.invoke("ToGroup", group, "to a").blockingAwait();
            until(() -> atA.size() >= 2 && atB.size() >= 2);
            b.invoke("Nothing").blockingAwait();
            same("a", atA, List.of("to all", "to a"));
            same("b", atB, List.of("to all", "to others"));
        });
    }

    private static void addConnections(Map<String, Body> cases) {
        cases.put("connect", cell -> {
            HubConnection hub = cell.open();
            same("state", hub.getConnectionState(), HubConnectionState.CONNECTED);
            same("own id", hub.invoke(Boolean.class, "KnowsConnection", hub.getConnectionId()).blockingGet(), true);
        });
        cases.put("skip-negotiation", cell -> same("sum",
            cell.open("/golden", builder -> builder.shouldSkipNegotiate(true)).invoke(Integer.class, "Add", 40, 2).blockingGet(), 42));
        cases.put("abort", cell -> {
            HubConnection hub = cell.open();
            BlockingQueue<String> end = Cell.closed(hub);
            hub.send("Abort");
            same("closed", end.take(), "no error");
        });
        cases.put("token", cell -> {
            HubConnection hub = cell.open("/authorized", builder -> builder.withAccessTokenProvider(Single.just("alice")));
            same("user", hub.invoke(String.class, "WhoAmI").blockingGet(), "alice");
            HubConnection bad = cell.build("/authorized", builder -> builder.withAccessTokenProvider(Single.just("bad")));
            contains(refused(bad.start()::blockingAwait), "401");
        });
        cases.put("redirect", cell -> same("user", cell.open("/redirect").invoke(String.class, "WhoAmI").blockingGet(), "carol"));
        cases.put("query", cell -> same("room", cell.open("/golden?room=a%20b&x=1").invoke(String.class, "Query", "room").blockingGet(), "a b"));
        cases.put("close", cell -> {
            HubConnection hub = cell.open("/detailed");
            HubConnection other = cell.open("/detailed");
            String id = hub.getConnectionId();
            BlockingQueue<String> end = Cell.closed(hub);
            hub.stop().blockingAwait();
            same("closed", end.take(), "no error");
            until(() -> refused(other.invoke("AskStranger", id)::blockingAwait).contains("does not exist"));
        });
        cases.put("keep-alive", cell -> {
            HubConnection hub = patiently(cell);
            Thread.sleep(4500); // longer than either side's timeout
            same("state", hub.getConnectionState(), HubConnectionState.CONNECTED);
            same("sum", hub.invoke(Integer.class, "Add", 1, 2).blockingGet(), 3);
        });
    }

    /** Connects to the hub whose handshake may take a second only, which a busy machine may miss. */
    private static HubConnection patiently(Cell cell) {
        for (int tries = 1; ; tries++) {
            try {
                return cell.open("/hasty", builder -> builder.withServerTimeout(2500).withKeepAliveInterval(500));
            } catch (RuntimeException e) {
                if (tries == 5) {
                    throw e;
                }
            }
        }
    }

    private static List<Integer> numbers(int n) {
        return IntStream.range(0, n).boxed().collect(Collectors.toList());
    }

    /** Returns a stream that already has all items. */
    private static <T> ReplaySubject<T> subject(List<T> items) {
        ReplaySubject<T> subject = ReplaySubject.create();
        items.forEach(subject::onNext);
        subject.onComplete();
        return subject;
    }

    private static void same(String what, Object got, Object want) {
        if (!Objects.equals(got, want)) {
            throw new AssertionError(what + ": got " + got + ", want " + want);
        }
    }

    private static void contains(String got, String part) {
        if (!got.contains(part)) {
            throw new AssertionError("got " + got + ", want " + part + " in it");
        }
    }

    /** Runs what must fail and returns the error's text. */
    private static String refused(Runnable call) {
        try {
            call.run();
        } catch (RuntimeException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause(); // RxJava wraps checked exceptions
            return String.valueOf(cause.getMessage());
        }
        throw new AssertionError("got no error, want one");
    }

    /** Polls a condition; the case's patience ends it. */
    private static void until(Callable<Boolean> condition) throws Exception {
        while (!condition.call()) {
            Thread.sleep(10);
        }
    }
}
