import com.microsoft.signalr.HttpHubConnectionBuilder;
import com.microsoft.signalr.HubConnection;
import com.microsoft.signalr.HubConnectionBuilder;
import com.microsoft.signalr.TransportEnum;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The connections of one case, over a transport. */
final class Cell {
    private static final Map<String, TransportEnum> TRANSPORTS =
        Map.of("WebSockets", TransportEnum.WEBSOCKETS, "LongPolling", TransportEnum.LONG_POLLING);

    private final String base;
    private final String transport;
    private final String encoding;
    private final List<HubConnection> connections = new ArrayList<>();

    Cell(String base, String transport, String encoding) {
        this.base = base;
        this.transport = transport;
        this.encoding = encoding;
    }

    /** Says whether the client has the transport; the encoding is JSON. */
    boolean possible() {
        return TRANSPORTS.containsKey(transport) && encoding.equals("json");
    }

    HubConnection open() {
        return open("/golden");
    }

    HubConnection open(String path) {
        return open(path, builder -> { });
    }

    HubConnection open(String path, Consumer<HttpHubConnectionBuilder> configure) {
        HubConnection hub = build(path, configure);
        hub.start().blockingAwait();
        return hub;
    }

    HubConnection build(String path, Consumer<HttpHubConnectionBuilder> configure) {
        HttpHubConnectionBuilder builder = HubConnectionBuilder.create(base + path).withTransport(TRANSPORTS.get(transport));
        configure.accept(builder);
        HubConnection hub = builder.build();
        connections.add(hub);
        return hub;
    }

    /** Returns the queue of what onClosed gets, as text. */
    static BlockingQueue<String> closed(HubConnection hub) {
        BlockingQueue<String> ends = new LinkedBlockingQueue<>();
        hub.onClosed(error -> ends.add(error == null ? "no error" : String.valueOf(error.getMessage())));
        return ends;
    }

    void close() {
        for (HubConnection hub : connections) {
            try {
                hub.stop().blockingAwait(5, TimeUnit.SECONDS);
            } catch (RuntimeException e) {
                System.err.println(e); // it has ended already, by itself
            }
        }
    }
}
