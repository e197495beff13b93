// Puts the shot sizes that otio-shottag found into the open sequence of Premiere Pro, as markers.
// Markers that it put there before are replaced; all others stay.
(function () {
    var signature = "(otio-shottag)";
    var cut = "cut";
    var framesPerSecond = 24;
    var ticksPerFrame = 10584000000;
    // Each: seconds from the first frame, name, comment, colour.
    var marks = [
        [0.0000001, "MCU 92%", "medium close-up; next likely MS 2%; stand-in 1 (otio-shottag)", 3],
        [2.0000001, "MS\u2192CU 92%", "medium shot \u2192 close-up; next likely MCU 2%; stand-in 1 (otio-shottag)", 1],
        [5.5000001, "ECU 92%", "extreme close-up; next likely CU 4%; stand-in 1 (otio-shottag)", 1],
        [6.5000001, "EWS 92%", "extreme wide shot; next likely WS 4%; stand-in 1 (otio-shottag)", 2],
        [7.5000001, "WS? 41%", "wide shot; next likely EWS 19%; stand-in 1 (otio-shottag)", 5],
        [8.5000001, "LS 92%", "long shot; next likely WS 2%; stand-in 1 (otio-shottag)", 7],
        [9.2500001, "MLS 92%", "medium long shot; next likely LS 2%; stand-in 1 (otio-shottag)", 0],
        [10.0000001, "MS 92%", "medium shot; next likely MLS 2%; stand-in 1 (otio-shottag)", 4]
    ];

    function say(text) {
        alert(text, "otio-shottag");
        return text;
    }

    function isOurs(marker) {
        var comment = String(marker.comments).replace(/\s+$/, "");
        return comment.length >= signature.length && comment.slice(-signature.length) === signature;
    }

    var sequence = app.project ? app.project.activeSequence : null;
    if (!sequence) {
        return say("No sequence is open. Open the one of " + cut + " and run this again.");
    }
    if (sequence.timebase && Math.abs(Number(sequence.timebase) - ticksPerFrame) > 1) {
        return say("Nothing was changed: " + sequence.name + " does not count " + framesPerSecond +
            " frames per second, as " + cut + " does. Open the right sequence and run this again.");
    }

    var earlier = [];
    var marker = sequence.markers.getFirstMarker();
    while (marker) {
        if (isOurs(marker)) {
            earlier.push(marker);
        }
        marker = sequence.markers.getNextMarker(marker);
    }
    var i;
    for (i = 0; i < earlier.length; i++) {
        sequence.markers.deleteMarker(earlier[i]);
    }
    for (i = 0; i < marks.length; i++) {
        marker = sequence.markers.createMarker(marks[i][0]);
        marker.name = marks[i][1];
        marker.comments = marks[i][2];
        marker.setColorByIndex(marks[i][3]);
    }
    return say(marks.length + " shot sizes are markers of " + sequence.name + " now, " +
        earlier.length + " earlier ones are gone.");
}());
